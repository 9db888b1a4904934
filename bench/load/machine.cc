#include "machine.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <fstream>

#include "base/strings.h"

namespace kvshim::bench {

std::string SystemName() {
  std::ifstream file("/etc/os-release");
  std::string line;
  const std::string name = "PRETTY_NAME=";
  while (std::getline(file, line)) {
    if (line.rfind(name, 0) != 0) continue;
    line.erase(0, name.size());
    std::erase(line, '"');
    return line;
  }
  return "Linux";
}

absl::Status CheckDisk(const std::filesystem::path& folder) {
  struct statfs about{};
  if (statfs(folder.c_str(), &about) != 0) {
    return absl::NotFoundError(base::Concat("there is no folder ", folder.string()));
  }
  if (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC) {
    return absl::InvalidArgumentError(
        base::Concat(folder.string(),
                     " is in memory, where a sync costs nothing; name a folder "
                     "on a disk with --data-folder"));
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
