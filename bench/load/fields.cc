#include "fields.h"

#include <algorithm>

#include "numbers.h"

namespace kvshim::bench {

double Median(const std::vector<Result>& results, Field field) {
  std::vector<double> values;
  for (const Result& result : results) {
    if (result.failure.empty()) values.push_back(field(result));
  }
  return MedianOf(std::move(values));
}

bool HasNumbers(const std::vector<Result>& results) {
  return std::ranges::any_of(results, [](const Result& result) { return result.failure.empty(); });
}

std::vector<double> Ratios(const std::vector<Result>& ours, const std::vector<Result>& theirs,
                           Field field) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (!ours[i].failure.empty() || !theirs[i].failure.empty()) continue;
    if (field(theirs[i]) > 0) ratios.push_back(field(ours[i]) / field(theirs[i]));
  }
  return ratios;
}

}  // namespace kvshim::bench
