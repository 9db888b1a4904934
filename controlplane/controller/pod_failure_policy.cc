#include "controller/pod_failure_policy.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

// The container that ended with such a code, as text; empty where none did.
std::string MatchExitCode(const json::Object& wanted, const json::Object& pod) {
  const json::Array* values = kinds::FindArray(wanted, {"values"});
  const std::string_view only = Text(wanted, {"containerName"});
  const bool in = Text(wanted, {"operator"}) == "In";
  std::string found;
  const auto look = [&](const json::Object& container) {
    const std::string_view name = Text(container, {"name"});
    const int64_t code = kinds::Integer(container, {"state", "terminated", "exitCode"});
    // Code 0 is no failure.
    if (!found.empty() || code == 0 || (!only.empty() && name != only)) return;
    const bool listed = values != nullptr &&
                        std::any_of(values->begin(), values->end(), [&](const json::Value& value) {
                          return value == json::Value(code);
                        });
    if (listed != in) return;
    found = Concat("Container ", name, " for pod ", Text(pod, {"metadata", "namespace"}), "/",
                   Text(pod, {"metadata", "name"}), " failed with exit code ", code);
  };
  kinds::ForEach(pod, {"status", "containerStatuses"}, look);
  kinds::ForEach(pod, {"status", "initContainerStatuses"}, look);
  return found;
}

std::string MatchCondition(const json::Object& rule, const json::Object& pod) {
  std::string found;
  kinds::ForEach(rule, {"onPodConditions"}, [&](const json::Object& wanted) {
    const std::string_view status = Text(wanted, {"status"});
    kinds::ForEach(pod, {"status", "conditions"}, [&](const json::Object& condition) {
      if (Text(condition, {"type"}) != Text(wanted, {"type"}) ||
          Text(condition, {"status"}) != (status.empty() ? "True" : status)) {
        return;
      }
      found = Concat("Pod ", Text(pod, {"metadata", "namespace"}), "/",
                     Text(pod, {"metadata", "name"}), " has condition ", Text(wanted, {"type"}));
    });
  });
  return found;
}

PodFailure::Action ActionOf(std::string_view text) {
  if (text == "Ignore") return PodFailure::Action::kIgnore;
  if (text == "FailIndex") return PodFailure::Action::kFailIndex;
  if (text == "FailJob") return PodFailure::Action::kFailJob;
  return PodFailure::Action::kCount;
}

}  // namespace

PodFailure JudgeFailure(const json::Object& job, const json::Object& pod) {
  const json::Array* rules = kinds::FindArray(job, {"spec", "podFailurePolicy", "rules"});
  if (rules == nullptr) return {};
  for (size_t i = 0; i < rules->size(); ++i) {
    const json::Object& rule = (*rules)[i].as_object();
    const json::Object* codes = kinds::FindObject(rule, {"onExitCodes"});
    const std::string match =
        codes != nullptr ? MatchExitCode(*codes, pod) : MatchCondition(rule, pod);
    if (match.empty()) continue;
    const std::string_view action = Text(rule, {"action"});
    return {ActionOf(action), Concat(match, " matching ", action, " rule at index ", i)};
  }
  return {};
}

}  // namespace kvplane::controller
