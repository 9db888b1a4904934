// A comparison of clusters as people and programs read it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cluster_comparison.h"

namespace kvshim::bench {

// Medians over the rounds; a ratio is that of kvplane to the other one in the same round.
std::string ToMarkdown(const ClusterComparison& comparison);

// Writes the tables and every result into the folder of the comparison's options, and the tables
// into its README.
absl::Status Write(const ClusterComparison& comparison);

}  // namespace kvshim::bench
