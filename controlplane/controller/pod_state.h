// The state of a pod, as controllers judge it by its status.
//
// Thread safety: pure functions.
//
//   IsAvailable(pod, min_ready_seconds, wall.Now().seconds)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "kinds/members.h"

namespace kvplane::controller {

namespace json = api::json;

// A timestamp of a document, in seconds since 1970; nothing where there is none.
std::optional<int64_t> SecondsAt(const json::Object& object, kinds::Path path);

inline std::string_view PhaseOf(const json::Object& pod) {
  return kinds::Text(pod, {"status", "phase"});
}
inline bool IsFinished(const json::Object& pod) {
  return PhaseOf(pod) == "Succeeded" || PhaseOf(pod) == "Failed";
}
// Neither at its end nor on its way there.
bool IsActive(const json::Object& pod);
// On its way there: marked as deleted, and not at its end yet.
bool IsTerminating(const json::Object& pod);
// Its condition.
bool IsReady(const json::Object& pod);
// Ready for that long, at `now`.
bool IsAvailable(const json::Object& pod, int64_t min_ready_seconds, int64_t now);

// Brings those first that are missed least: not scheduled, not running, not ready, cheap to delete,
// with many neighbors on their node, ready or there for a short while, restarted often.
using Neighbors = std::function<int64_t(std::string_view node)>;
void SortForDeletion(std::vector<json::Object>& pods, const Neighbors& neighbors, int64_t now);

}  // namespace kvplane::controller
