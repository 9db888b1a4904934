// StatefulSetController: keeps pods that have names and storage of their own: web-0, web-1, ….
//
// Each look goes through the pods in the order of their ordinals and, where the set is ordered,
// ends at the first that has to be waited for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"
#include "controller/dependents.h"
#include "controller/pod_control.h"
#include "controller/revision_history.h"

namespace kvplane::controller {

class StatefulSetController : public Controller {
 public:
  explicit StatefulSetController(Environment& environment);

  absl::Status Sync(const std::string& key) override;

 private:
  // A set and its pods during one look.
  struct Work {
    std::string key;
    json::Object before;  // as the store has it
    json::Object set;     // with the status as it is to be
    std::string current;  // names of revisions
    std::string update;
    json::Object current_set;  // with the template of the revision
    json::Object update_set;
    int64_t start = 0;
    std::vector<json::Object> replicas;   // by ordinal; empty where there is none
    std::vector<json::Object> condemned;  // the highest ordinal first

    bool ordered() const;
    bool IsRolling() const;
    int64_t partition() const;
  };

  absl::Status Advance(Work& work);
  // Whether the look ends with it.
  absl::StatusOr<bool> AdvanceReplica(Work& work, size_t place);
  absl::StatusOr<bool> Condemn(Work& work, const json::Object& pod);
  absl::Status Update(Work& work);
  absl::StatusOr<json::Object> Create(Work& work, int64_t ordinal);
  absl::Status CreateClaims(const Work& work, const json::Object& pod, int64_t ordinal);
  absl::Status KeepClaims(const Work& work, const json::Object& pod, int64_t ordinal,
                          bool condemned);
  void Count(Work& work, const std::vector<json::Object>& pods);
  bool IsHealthy(const Work& work, const json::Object& pod) const;

  Informer& sets_;
  Dependents pods_;
  PodControl control_;
  RevisionHistory history_;
  const kinds::Kind& claims_;
};

}  // namespace kvplane::controller
