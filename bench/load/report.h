// A comparison as people and programs read it.
#pragma once

#include <string>

#include "comparison.h"

namespace kvshim::bench {

// Medians over the rounds. A ratio is that of two results of one round; beside the median of the
// ratios stand the least and the greatest.
std::string ToMarkdown(const Comparison& comparison);

// The settings and every result of every round.
std::string ToJson(const Comparison& comparison);

}  // namespace kvshim::bench
