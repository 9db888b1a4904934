#include "controller/pod_state.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "api/timestamp.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

const json::Object& StatusOf(const json::Object& pod) {
  static const json::Object kNone;
  const json::Object* status = kinds::FindObject(pod, {"status"});
  return status == nullptr ? kNone : *status;
}

std::optional<int64_t> ReadySince(const json::Object& pod) {
  const json::Object* condition = FindCondition(StatusOf(pod), "Ready");
  if (condition == nullptr || Text(*condition, {"status"}) != "True") return std::nullopt;
  return SecondsAt(*condition, {"lastTransitionTime"}).value_or(0);
}

int64_t DeletionCost(const json::Object& pod) {
  const std::string_view text =
      Text(pod, {"metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"});
  int32_t cost = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cost);
  return error == std::errc() && end == text.data() + text.size() ? cost : 0;
}

int64_t Restarts(const json::Object& pod) {
  int64_t most = 0;
  kinds::ForEach(pod, {"status", "containerStatuses"}, [&](const json::Object& container) {
    most = std::max(most, kinds::Integer(container, {"restartCount"}));
  });
  return most;
}

// Ages that are nearly alike are alike: what goes shall not always be what was made last.
int64_t Magnitude(int64_t since, int64_t now) {
  return std::bit_width(static_cast<uint64_t>(std::max<int64_t>(now - since, 0)));
}

int PhaseRank(std::string_view phase) {
  return phase == "Pending" ? 0 : phase == "Unknown" ? 1 : 2;
}

}  // namespace

std::optional<int64_t> SecondsAt(const json::Object& object, kinds::Path path) {
  const std::string_view text = Text(object, path);
  if (text.empty()) return std::nullopt;
  const auto time = api::ParseTimestamp(text);
  if (!time.ok()) return std::nullopt;
  return time->seconds;
}

bool IsActive(const json::Object& pod) { return !IsFinished(pod) && !IsBeingDeleted(pod); }

bool IsTerminating(const json::Object& pod) { return !IsFinished(pod) && IsBeingDeleted(pod); }

bool IsReady(const json::Object& pod) { return ReadySince(pod).has_value(); }

bool IsAvailable(const json::Object& pod, int64_t min_ready_seconds, int64_t now) {
  const std::optional<int64_t> since = ReadySince(pod);
  if (!since.has_value()) return false;
  return min_ready_seconds == 0 || (*since != 0 && *since + min_ready_seconds <= now);
}

void SortForDeletion(std::vector<json::Object>& pods, const Neighbors& neighbors, int64_t now) {
  std::map<std::string, int64_t, std::less<>> counted;
  const auto on = [&](std::string_view node) {
    const auto known = counted.find(node);
    return known != counted.end() ? known->second
                                  : counted.emplace(node, neighbors(node)).first->second;
  };
  // The smallest goes first.
  const auto rank = [&](const json::Object& pod) {
    const std::string_view node = Text(pod, {"spec", "nodeName"});
    const std::optional<int64_t> ready = ReadySince(pod);
    return std::make_tuple(
        node.empty() ? 0 : 1, PhaseRank(PhaseOf(pod)), ready.has_value() ? 1 : 0, DeletionCost(pod),
        node.empty() ? 0 : -on(node), ready.has_value() ? Magnitude(*ready, now) : 0,
        -Restarts(pod),
        Magnitude(SecondsAt(pod, {"metadata", "creationTimestamp"}).value_or(now), now),
        std::string(Text(pod, {"metadata", "uid"})));
  };
  using Ranked = std::pair<decltype(rank(pods.front())), json::Object>;
  std::vector<Ranked> ranked;
  ranked.reserve(pods.size());
  for (json::Object& pod : pods) {
    auto its = rank(pod);
    ranked.emplace_back(std::move(its), std::move(pod));
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const Ranked& a, const Ranked& b) { return a.first < b.first; });
  for (size_t i = 0; i < pods.size(); ++i) pods[i] = std::move(ranked[i].second);
}

}  // namespace kvplane::controller
