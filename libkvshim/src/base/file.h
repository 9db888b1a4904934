// Files as a whole.
//
// Thread safety: pure but for the file system.
//
//   ASSIGN_OR_RETURN(const std::string text, base::ReadFile("/etc/kvshim/password"));
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace kvshim::base {

// kNotFound where there is none; any other failure, that of a directory among them, is
// kFailedPrecondition: "cannot read <path>: <why>". A stream's buffer would throw instead.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace kvshim::base
