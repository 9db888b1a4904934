// A comparison, or a run, as people and programs read it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "comparison.h"
#include "run.h"

namespace kvshim::bench {

// Medians over the rounds. A ratio is that of two results of one round; beside the median of the
// ratios stand the least and the greatest.
std::string ToMarkdown(const Comparison& comparison);

// The settings and every result of every round.
std::string ToJson(const Comparison& comparison);
std::string ToJson(const std::vector<NamedResult>& results);

// Writes the tables, the plots and all results into the folder of the comparison's options, and the
// tables with some of the plots into its README.
absl::Status Write(const Comparison& comparison);

// Writes what the options ask for.
absl::Status Write(const std::vector<NamedResult>& results, const RunOptions& options);

}  // namespace kvshim::bench
