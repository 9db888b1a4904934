// What the status of a deployment says of its rollout.
//
// Thread safety: pure functions.
//
//   TellProgress(deployment, sets, current, wall);
//   IsComplete(deployment)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/json.h"
#include "controller/rollout.h"
#include "controller/wall_clock.h"

namespace kvplane::controller {

// Whether progress is looked after at all.
bool HasDeadline(const json::Object& deployment);

// Of status: replaces a condition only where its status or its reason is another one.
void TellCondition(json::Object& deployment, std::string_view type, std::string_view status,
                   std::string_view reason, std::string_view message, const WallClock& wall);

// Counts the sets and judges availability: the status as it is without a rollout.
void TellCounts(json::Object& deployment, const ReplicaSets& sets, const json::Object* current,
                const WallClock& wall);
// The same, and how the rollout goes.
void TellProgress(json::Object& deployment, const ReplicaSets& sets, const json::Object* current,
                  const WallClock& wall);

// All pods are of the newest template and available, and the status knows the newest specification.
bool IsComplete(const json::Object& deployment);

// When to look whether the rollout is stuck, in seconds; nothing where it need not be.
std::optional<int64_t> SecondsToDeadline(const json::Object& deployment, const WallClock& wall);

}  // namespace kvplane::controller
