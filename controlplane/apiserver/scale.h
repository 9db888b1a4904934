// Scale: how many replicas something has, as the one kind that autoscalers and kubectl scale write
// for every kind that has replicas.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class Scale {
 public:
  explicit Scale(registry::Registry& registry) : registry_(registry) {}

  absl::StatusOr<Answer> Get(const Call& call);
  absl::StatusOr<Answer> Update(Call& call);
  absl::StatusOr<Answer> Patch(Call& call);

 private:
  absl::StatusOr<Answer> Write(Call& call, const registry::Change& change);

  registry::Registry& registry_;
};

// An object's replicas as a Scale of autoscaling/v1.
json::Object ScaleOf(const kinds::Kind& kind, const json::Object& object);

}  // namespace kvplane::apiserver
