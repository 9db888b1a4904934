#include "numbers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace kvshim::bench {

std::string Number(double value) {
  char text[64];
  if (value == 0) return "0";
  if (value < 0.1) {
    std::snprintf(text, sizeof(text), "%.2g", value);
    return text;
  }
  if (value < 100) {
    std::snprintf(text, sizeof(text), value < 10 ? "%.2f" : "%.1f", value);
    std::string digits = text;
    // 5.00 is 5.
    if (value == std::round(value)) digits.erase(digits.find('.'));
    return digits;
  }
  const double step = value < 1000 ? 1 : std::pow(10, std::floor(std::log10(value)) - 2);
  std::snprintf(text, sizeof(text), "%.0f", std::round(value / step) * step);
  std::string digits = text;
  for (auto place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<size_t>(place), 1, ',');
  }
  return digits;
}

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace kvshim::bench
