#include "marked_text.h"

#include <fstream>

#include "base/file.h"
#include "base/strings.h"

namespace kvshim::bench {

using base::Concat;

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return absl::OkStatus();
  return absl::PermissionDeniedError(
      base::ToAbsl(Concat("cannot write ", path.string(), "; does its folder exist?")));
}

absl::Status ReplaceMarked(const std::filesystem::path& path, const std::string& name,
                           const std::string& text) {
  std::string all = base::ReadFile(path).value_or("");
  const std::string begin = Concat("<!-- ", name, " -->\n");
  const std::string end = Concat("<!-- /", name, " -->\n");
  const size_t from = all.find(begin);
  const size_t to = all.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) {
    return absl::FailedPreconditionError(
        Concat("--readme: ", path.string(), " has no lines ", begin.substr(0, begin.size() - 1),
               " and ", end.substr(0, end.size() - 1), " to write between"));
  }
  all.replace(from + begin.size(), to - from - begin.size(), text);
  return WriteFile(path, all);
}

}  // namespace kvshim::bench
