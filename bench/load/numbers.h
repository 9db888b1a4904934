// Numbers as tables and plots show them.
#pragma once

#include <string>
#include <vector>

namespace kvshim::bench {

// Three digits that mean something, thousands apart: 12,300 or 1.23.
std::string Number(double value);

// 0 where there are none.
double MedianOf(std::vector<double> values);

}  // namespace kvshim::bench
