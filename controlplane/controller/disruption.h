// DisruptionController: keeps the status of PodDisruptionBudgets: how many pods there should be,
// how many are healthy, and how many may be evicted.
//
// How many there should be is what the pods' controllers are told to run; pods that have none are
// not counted there, and an event says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/controller.h"

namespace kvplane::controller {

class DisruptionController : public Controller {
 public:
  explicit DisruptionController(Environment& environment);

  absl::Status Sync(const std::string& key) override;  // a budget

 private:
  struct Count {
    int64_t expected = 0;
    int64_t desired = 0;  // healthy
  };

  std::vector<json::Object> PodsOf(const json::Object& budget) const;
  Count Expect(const json::Object& budget, const std::vector<json::Object>& pods);
  // Of all controllers of the pods together.
  int64_t Replicas(const json::Object& budget, const std::vector<json::Object>& pods);
  // What the owner, or what owns that, is told to run.
  struct Scale {
    std::string uid;
    int64_t replicas = 0;
  };
  std::optional<Scale> ScaleOf(const std::string& name_space, const json::Object& owner) const;
  // Of a custom resource, as its scale subresource tells it.
  std::optional<Scale> CustomScaleOf(const std::string& name_space,
                                     const json::Object& owner) const;
  // Pods that were evicted and are still there, as long as that is believed.
  json::Object Disrupted(const std::string& key, const json::Object& budget,
                         const std::vector<json::Object>& pods);

  Informer& budgets_;
  Informer& pods_;
  Informer& replica_sets_;
  Informer& deployments_;
  Informer& stateful_sets_;
  Informer& replication_controllers_;
};

}  // namespace kvplane::controller
