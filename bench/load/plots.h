// The plots of results: what is drawn of them, not how (plot.h).
#pragma once

#include <string>
#include <vector>

#include "comparison.h"
#include "plot.h"
#include "run.h"

namespace kvshim::bench {

struct NamedPlot {
  std::string name;  // of a file, without .svg
  std::string svg;
};

// Of each workload of each group: latencies and what happened when, the contenders in one plot; of
// each group the ratios; rates against latency.
std::vector<NamedPlot> PlotsOf(const Comparison& comparison);
// The few among them that stand in the README.
bool IsForReadme(const NamedPlot& plot);

std::vector<NamedPlot> PlotsOf(const std::vector<NamedResult>& results);

}  // namespace kvshim::bench
