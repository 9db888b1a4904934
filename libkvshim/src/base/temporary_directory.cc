#include "base/temporary_directory.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "base/strings.h"

namespace kvshim::base {
namespace {

namespace fs = std::filesystem;

constexpr char kPattern[] = ".kvshim-XXXXXX";

}  // namespace

absl::StatusOr<std::unique_ptr<TemporaryDirectory>> TemporaryDirectory::Make(
    const std::string& parent) {
  std::error_code error;
  fs::path common = fs::temp_directory_path(error);
  if (error) common = "/tmp";
  for (const fs::path& candidate : {fs::path(parent), common}) {
    if (candidate.empty()) continue;
    std::string path = (candidate / kPattern).string();
    if (mkdtemp(path.data()) == nullptr) continue;
    return std::unique_ptr<TemporaryDirectory>(new TemporaryDirectory(std::move(path)));
  }
  return absl::UnavailableError(
      Concat("cannot make a directory in ", common.string(), "; see the variable TMPDIR"));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace kvshim::base
