// The pod failure policy of a job: what a pod's failure means to it.
//
// Thread safety: pure functions.
//
//   JudgeFailure(job, pod).action == PodFailure::Action::kIgnore
#pragma once

#include <string>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

struct PodFailure {
  enum class Action { kCount, kIgnore, kFailIndex, kFailJob };
  Action action = Action::kCount;
  std::string message;  // which rule it was
};

// The first rule that matches decides; where none does the failure counts.
PodFailure JudgeFailure(const json::Object& job, const json::Object& pod);

}  // namespace kvplane::controller
