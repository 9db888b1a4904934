// PodActions: what can be done to a pod beside writing it: bind it to a node, evict it.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include <string_view>

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
  // An Eviction or a Binding of a pod.
  absl::Status AdmitDocument(Call& call, std::string_view subresource, std::string_view pod,
                             bool dry_run, json::Object& document);
  absl::Status TakeFromBudgets(const json::Object& pod, bool dry_run);
  absl::Status TakeFromBudget(const json::Object& pod, const json::Object& budget, bool dry_run);

  registry::Registry& registry_;
};

}  // namespace kvplane::apiserver
