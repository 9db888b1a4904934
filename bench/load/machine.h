// The machine that measurements are made on.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"

namespace kvshim::bench {

// "Debian GNU/Linux 12 (bookworm)"
std::string SystemName();

// An error where the folder is not there, or in memory, where a sync costs nothing.
absl::Status CheckDisk(const std::filesystem::path& folder);

}  // namespace kvshim::bench
