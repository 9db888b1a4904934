// ReplicaSetController: keeps as many pods of each replica set, or replication controller, as it
// asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"
#include "controller/dependents.h"
#include "controller/pod_control.h"

namespace kvplane::controller {

class ReplicaSetController : public Controller {
 public:
  explicit ReplicaSetController(Environment& environment)
      : ReplicaSetController(environment, "replicaset-controller", "apps/v1", "replicasets") {}

  absl::Status Sync(const std::string& key) override;

 protected:
  ReplicaSetController(Environment& environment, std::string_view name,
                       std::string_view group_version, std::string_view plural);

 private:
  using Pods = std::vector<json::Object>;

  // What failed of bringing the active pods to their number, which is as it was for the reason.
  struct Outcome {
    std::string reason;
    absl::Status status;
  };
  Outcome Manage(const std::string& key, const json::Object& set, Pods active);
  absl::Status WriteStatus(const std::string& key, const json::Object& set, const Pods& pods,
                           const Pods& active, const Outcome& outcome);
  int64_t CountNeighbors(const json::Object& set, std::string_view node) const;

  Informer& sets_;
  Dependents pods_;
  PodControl control_;
};

class ReplicationController : public ReplicaSetController {
 public:
  explicit ReplicationController(Environment& environment)
      : ReplicaSetController(environment, "replication-controller", "v1",
                             "replicationcontrollers") {}
};

}  // namespace kvplane::controller
