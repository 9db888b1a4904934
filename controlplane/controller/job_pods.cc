#include "controller/job_pods.h"

#include <algorithm>
#include <charconv>

#include "controller/controller_reference.h"
#include "controller/job_indexes.h"
#include "controller/pod_failure_policy.h"
#include "controller/pod_state.h"
#include "kinds/members.h"

namespace kvplane::controller {

using kinds::Text;

bool IsTracked(const json::Object& pod) {
  const json::Array* list = kinds::FindArray(pod, {"metadata", "finalizers"});
  return list != nullptr && std::any_of(list->begin(), list->end(), [](const json::Value& one) {
           return kinds::Plain(one) == kJobTracking;
         });
}

bool OnlyReplacesFailed(const json::Object& job) {
  return kinds::Has(job, {"spec", "podFailurePolicy"}) ||
         Text(job, {"spec", "podReplacementPolicy"}) == "Failed";
}

bool HasFailed(const json::Object& job, const json::Object& pod) {
  if (PhaseOf(pod) == "Failed") return true;
  // A pod without a node never comes to fail by itself.
  const bool unplaced = Text(pod, {"spec", "nodeName"}).empty();
  return IsTerminating(pod) && (unplaced || !OnlyReplacesFailed(job));
}

int64_t EndOf(const json::Object& pod) {
  int64_t end = 0;
  kinds::ForEach(pod, {"status", "containerStatuses"}, [&](const json::Object& container) {
    end = std::max(end, SecondsAt(container, {"state", "terminated", "finishedAt"}).value_or(0));
  });
  if (end != 0) return end;
  kinds::ForEach(pod, {"status", "conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) != "Ready") return;
    end = SecondsAt(condition, {"lastTransitionTime"}).value_or(0);
  });
  if (end != 0) return end;
  return SecondsAt(pod, {"metadata", "creationTimestamp"}).value_or(0);
}

IndexFailures FailuresOfIndex(const json::Object& job, const std::vector<json::Object>& pods,
                              int64_t index) {
  IndexFailures failures;
  for (const json::Object& pod : pods) {
    if (IndexOf(pod, index + 1) != index || !HasFailed(job, pod)) continue;
    const PodFailure::Action action = JudgeFailure(job, pod).action;
    failures.given_up |= action == PodFailure::Action::kFailIndex;
    // The pod knows of those before it, which may be gone.
    const std::string_view text = Text(pod, {"metadata", "annotations", kIndexFailures});
    int64_t before = 0;
    std::from_chars(text.data(), text.data() + text.size(), before);
    failures.count =
        std::max(failures.count, before + (action == PodFailure::Action::kIgnore ? 0 : 1));
  }
  return failures;
}

}  // namespace kvplane::controller
