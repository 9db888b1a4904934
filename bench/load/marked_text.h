// Files that reports are written to, and Markdown of which a report is a part.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"

namespace kvshim::bench {

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text);

// Replaces what stands between the lines <!-- NAME --> and <!-- /NAME --> of a file.
absl::Status ReplaceMarked(const std::filesystem::path& path, const std::string& name,
                           const std::string& text);

}  // namespace kvshim::bench
