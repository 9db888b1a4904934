#include "controller/deployment_status.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/pod_state.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

constexpr int64_t kNoDeadline = 2147483647;

const json::Object* Progress(const json::Object& deployment) {
  const json::Object* status = kinds::FindObject(deployment, {"status"});
  return status == nullptr ? nullptr : FindCondition(*status, "Progressing");
}

std::string_view ProgressReason(const json::Object& deployment) {
  const json::Object* condition = Progress(deployment);
  return condition == nullptr ? std::string_view() : Text(*condition, {"reason"});
}

int64_t Count(const json::Object& deployment, std::string_view member) {
  return Integer(deployment, {"status", member});
}

// More of the new, less of the old, or more that are ready.
bool IsProgressing(const json::Object& before, const json::Object& after) {
  const auto old = [](const json::Object& one) {
    return Count(one, "replicas") - Count(one, "updatedReplicas");
  };
  return Count(after, "updatedReplicas") > Count(before, "updatedReplicas") ||
         old(after) < old(before) ||
         Count(after, "readyReplicas") > Count(before, "readyReplicas") ||
         Count(after, "availableReplicas") > Count(before, "availableReplicas");
}

bool HasTimedOut(const json::Object& deployment, const WallClock& wall) {
  const json::Object* condition = Progress(deployment);
  if (condition == nullptr) return false;
  const std::string_view reason = Text(*condition, {"reason"});
  if (reason == "NewReplicaSetAvailable") return false;
  if (reason == "ProgressDeadlineExceeded") return true;
  const int64_t since = SecondsAt(*condition, {"lastUpdateTime"}).value_or(0);
  return since + Integer(deployment, {"spec", "progressDeadlineSeconds"}) < wall.Now().seconds;
}

}  // namespace

bool HasDeadline(const json::Object& deployment) {
  return Integer(deployment, {"spec", "progressDeadlineSeconds"}, kNoDeadline) != kNoDeadline;
}

void TellCondition(json::Object& deployment, std::string_view type, std::string_view status,
                   std::string_view reason, std::string_view message, const WallClock& wall) {
  json::Object& all = kinds::Child(deployment, "status");
  json::Object condition{{"type", json::ToBoost(type)},
                         {"status", json::ToBoost(status)},
                         {"lastUpdateTime", json::ToBoost(wall.Text())},
                         {"lastTransitionTime", json::ToBoost(wall.Text())},
                         {"reason", json::ToBoost(reason)},
                         {"message", json::ToBoost(message)}};
  if (const json::Object* known = FindCondition(all, type)) {
    if (Text(*known, {"status"}) == status) {
      if (Text(*known, {"reason"}) == reason) return;
      condition["lastTransitionTime"] = json::ToBoost(Text(*known, {"lastTransitionTime"}));
    }
    RemoveCondition(all, type);
  }
  json::Value& list = all["conditions"];
  if (!list.is_array()) list = json::Array();
  list.get_array().push_back(std::move(condition));
}

void TellCounts(json::Object& deployment, const ReplicaSets& sets, const json::Object* current,
                const WallClock& wall) {
  json::Object& status = kinds::Child(deployment, "status");
  const int64_t available = SumStatus(sets, "availableReplicas");
  const auto set = [&](std::string_view name, int64_t value) { kinds::Set(status, name, value); };
  set("observedGeneration", Integer(deployment, {"metadata", "generation"}));
  set("replicas", SumStatus(sets, "replicas"));
  set("updatedReplicas", current == nullptr ? 0 : Integer(*current, {"status", "replicas"}));
  set("readyReplicas", SumStatus(sets, "readyReplicas"));
  set("availableReplicas", available);
  set("unavailableReplicas", std::max<int64_t>(SumReplicas(sets) - available, 0));
  set("terminatingReplicas", SumStatus(sets, "terminatingReplicas"));
  if (available >= ReplicasOf(deployment) - LimitsOf(deployment).unavailable) {
    TellCondition(deployment, "Available", "True", "MinimumReplicasAvailable",
                  "Deployment has minimum availability.", wall);
  } else {
    TellCondition(deployment, "Available", "False", "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.", wall);
  }
}

void TellProgress(json::Object& deployment, const ReplicaSets& sets, const json::Object* current,
                  const WallClock& wall) {
  const json::Object before = deployment;
  TellCounts(deployment, sets, current, wall);
  if (!HasDeadline(deployment)) RemoveCondition(kinds::Child(deployment, "status"), "Progressing");
  // Once it is complete, what happens to its pods is no rollout.
  const bool was_complete = Count(deployment, "replicas") == Count(deployment, "updatedReplicas") &&
                            ProgressReason(deployment) == "NewReplicaSetAvailable";
  if (HasDeadline(deployment) && !was_complete) {
    const std::string what =
        current == nullptr ? Concat("Deployment \"", Text(deployment, {"metadata", "name"}), "\"")
                           : Concat("ReplicaSet \"", Text(*current, {"metadata", "name"}), "\"");
    if (IsComplete(deployment)) {
      TellCondition(deployment, "Progressing", "True", "NewReplicaSetAvailable",
                    Concat(what, " has successfully progressed."), wall);
    } else if (IsProgressing(before, deployment)) {
      // Of the same reason too: its time of update is what the deadline counts from.
      json::Object& status = kinds::Child(deployment, "status");
      const json::Object* known = FindCondition(status, "Progressing");
      const bool was_true = known != nullptr && Text(*known, {"status"}) == "True";
      const std::string since(was_true ? Text(*known, {"lastTransitionTime"}) : "");
      RemoveCondition(status, "Progressing");
      TellCondition(deployment, "Progressing", "True", "ReplicaSetUpdated",
                    Concat(what, " is progressing."), wall);
      if (was_true) {
        json::Array& list = status["conditions"].get_array();
        list.back().get_object()["lastTransitionTime"] = json::ToBoost(since);
      }
    } else if (HasTimedOut(deployment, wall)) {
      TellCondition(deployment, "Progressing", "False", "ProgressDeadlineExceeded",
                    Concat(what, " has timed out progressing."), wall);
    }
  }
  RemoveCondition(kinds::Child(deployment, "status"), "ReplicaFailure");
  const json::Object* failure = nullptr;
  const auto look = [&](const json::Object& set) {
    const json::Object* status = kinds::FindObject(set, {"status"});
    const json::Object* found =
        status == nullptr ? nullptr : FindCondition(*status, "ReplicaFailure");
    if (failure == nullptr) failure = found;
  };
  if (current != nullptr) look(*current);
  for (const json::Object& set : sets) look(set);
  if (failure != nullptr) {
    json::Object condition = *failure;
    condition["lastUpdateTime"] = json::ToBoost(Text(*failure, {"lastTransitionTime"}));
    kinds::Child(deployment, "status")["conditions"].get_array().push_back(std::move(condition));
  }
}

bool IsComplete(const json::Object& deployment) {
  const int64_t replicas = ReplicasOf(deployment);
  return Count(deployment, "updatedReplicas") == replicas &&
         Count(deployment, "replicas") == replicas &&
         Count(deployment, "availableReplicas") == replicas &&
         Count(deployment, "observedGeneration") >= Integer(deployment, {"metadata", "generation"});
}

std::optional<int64_t> SecondsToDeadline(const json::Object& deployment, const WallClock& wall) {
  const json::Object* condition = Progress(deployment);
  if (condition == nullptr || !HasDeadline(deployment) || IsComplete(deployment)) {
    return std::nullopt;
  }
  const std::string_view reason = Text(*condition, {"reason"});
  if (reason == "NewReplicaSetAvailable" || reason == "ProgressDeadlineExceeded") {
    return std::nullopt;
  }
  const int64_t since = SecondsAt(*condition, {"lastUpdateTime"}).value_or(0);
  const int64_t left =
      since + Integer(deployment, {"spec", "progressDeadlineSeconds"}) - wall.Now().seconds;
  return std::max<int64_t>(left, 0) + 1;
}

}  // namespace kvplane::controller
