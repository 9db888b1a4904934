// What is wanted of kvshim, and whether a comparison shows it.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "comparison.h"

namespace kvshim::bench {

struct GoalResult {
  enum class State { kMet, kMissed, kUnknown };
  std::string what;
  std::string wanted;
  std::string found;  // empty: it was not measured
  State state = State::kUnknown;
};

std::vector<GoalResult> CheckGoals(const Comparison& comparison);

}  // namespace kvshim::bench
