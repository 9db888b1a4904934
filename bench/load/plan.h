// What a comparison will do: which contenders there are, in which groups, on what.
#pragma once

#include "absl/status/statusor.h"
#include "comparison.h"

namespace kvshim::bench {

// The groups without results, and what was left out. An error where nothing is left to compare, or
// where something that the options name is not there.
absl::StatusOr<Comparison> PlanComparison(const ComparisonOptions& options);

}  // namespace kvshim::bench
