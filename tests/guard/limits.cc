#include "guard/limits.h"

#include <fstream>
#include <sstream>

#include "base/strings.h"

namespace kvshim::guard {

absl::StatusOr<std::map<std::string, double>> ReadLimits(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(base::Concat("cannot read ", path));
  std::map<std::string, double> limits;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string operation;
    double limit = 0;
    std::string rest;
    if (!(words >> operation >> limit) || words >> rest || limit <= 0 ||
        !limits.emplace(operation, limit).second) {
      return absl::InvalidArgumentError(base::Concat("in ", path, ", no limit: ", line));
    }
  }
  return limits;
}

}  // namespace kvshim::guard
