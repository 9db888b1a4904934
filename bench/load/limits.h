// What is physically possible on this machine, measured in the same run: network and databases
// without a server of etcd's API.
#pragma once

#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "comparison.h"

namespace kvshim::bench {

// Appends what it finds. What cannot be measured is told of, and goes without a figure.
absl::Status RunLimits(const std::vector<Engine>& engines, const ComparisonOptions& options,
                       const std::atomic<bool>& stop, std::vector<Limit>& limits);

}  // namespace kvshim::bench
