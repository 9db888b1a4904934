// What is physically possible on this machine, measured in the same run: network and databases
// without a server of etcd's API. What cannot be measured is told of, and goes without a figure.
#pragma once

#include <vector>

#include "comparison.h"

namespace kvshim::bench {

// A gRPC server that answers as many bytes as a get and as a write.
void MeasureNetwork(const ComparisonOptions& options, std::vector<Limit>& limits);

// Commits of as many rows as there are clients, and of one.
void MeasureDatabase(Engine engine, const ComparisonOptions& options, std::vector<Limit>& limits);

}  // namespace kvshim::bench
