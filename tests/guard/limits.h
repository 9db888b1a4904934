// Limits: the table of what each operation may cost, in times of the reference.
//
// Thread safety: a plain function.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace kvshim::guard {

// By operation. Lines of `path` that are empty or begin with # say nothing.
absl::StatusOr<std::map<std::string, double>> ReadLimits(const std::string& path);

}  // namespace kvshim::guard
