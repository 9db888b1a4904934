// What no single load shows: how a server starts, what it keeps in memory, what becomes of its
// history, how sizes change it. Each scenario has its servers to itself, once.
#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "comparison.h"

namespace kvshim::bench {

// Runs all of them on the contenders (of SQLite, one server each, ours first) and appends what they
// come to. A scenario that fails is told of, and goes without figures.
absl::Status RunScenarios(const std::vector<Contender>& contenders,
                          const ComparisonOptions& options, const std::atomic<bool>& stop,
                          std::vector<Figure>& figures);

}  // namespace kvshim::bench
