// Files that hold secrets: written whole or not at all, with the mode they are to have.
//
// Thread safety: pure but for the file system.
//
//   RETURN_IF_ERROR(WritePrivateFile("/var/lib/kvplane/server/token", text, 0600));
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::cluster {

// Makes the folders above it, which only their owner may enter.
absl::Status WritePrivateFile(const std::string& path, std::string_view content, mode_t mode);

}  // namespace kvplane::cluster
