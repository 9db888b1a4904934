// Rollouts: the arithmetic of deployments: how many pods each replica set of a deployment may have
// while one takes the place of the others, and the annotations by which sets remember it.
//
// Thread safety: pure functions.
//
//   const RolloutLimits limits = LimitsOf(deployment);      // 25 % of 10: surge 3, unavailable 2
//   NewSetReplicas(deployment, sets, current) == 3
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "kinds/members.h"

namespace kvplane::controller {

namespace json = api::json;

inline constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
inline constexpr std::string_view kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view kMaxReplicas = "deployment.kubernetes.io/max-replicas";
inline constexpr std::string_view kTemplateHash = "pod-template-hash";

using ReplicaSets = std::vector<json::Object>;

// As asked for, of a deployment or a set.
inline int64_t ReplicasOf(const json::Object& object) {
  return kinds::Integer(object, {"spec", "replicas"}, 1);
}
inline int64_t AvailableOf(const json::Object& set) {
  return kinds::Integer(set, {"status", "availableReplicas"});
}
int64_t SumReplicas(const ReplicaSets& sets);
int64_t SumStatus(const ReplicaSets& sets, std::string_view member);

bool IsRolling(const json::Object& deployment);

// How many pods more, and how many available ones less, than asked for there may be. 0 where the
// deployment does not roll.
struct RolloutLimits {
  int64_t surge = 0;
  int64_t unavailable = 0;
};
RolloutLimits LimitsOf(const json::Object& deployment);

// What the new set, which has `replicas` now, may have beside all of the sets.
int64_t NewSetReplicas(const json::Object& deployment, int64_t all, int64_t replicas);

// What the set gets, or loses, of `left` pods when the deployment is scaled in the midst of a
// rollout: its share by its size.
int64_t ShareOf(const json::Object& deployment, const json::Object& set, int64_t left);

// Whether they make the same pods, but for the hash in their labels.
bool AreTemplatesEqual(const json::Object& deployment, const json::Object& set);

int64_t RolloutRevision(const json::Object& object);  // 0 where it has none
// -1 where it has none.
int64_t AnnotatedCount(const json::Object& set, std::string_view annotation);

// Gives the set what it is to remember; true where that changed it.
bool AnnotateReplicas(const json::Object& deployment, json::Object& set);
bool AnnotateFrom(const json::Object& deployment, int64_t revision, json::Object& set);

}  // namespace kvplane::controller
