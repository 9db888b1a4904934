// PodActions: what can be done to a pod beside writing it: bind it to a node, evict it.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class PodActions {
 public:
  explicit PodActions(registry::Registry& registry) : registry_(registry) {}

  // `name` is the pod's; a Binding of its own names it itself.
  absl::StatusOr<Answer> Bind(Call& call);
  // Deletes it, unless a disruption budget has nothing left.
  absl::StatusOr<Answer> Evict(Call& call);

 private:
  absl::Status TakeFromBudgets(const json::Object& pod, bool dry_run);
  absl::Status TakeFromBudget(const json::Object& pod, const json::Object& budget, bool dry_run);

  registry::Registry& registry_;
};

}  // namespace kvplane::apiserver
