#include "cluster/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/status.h"
#include "base/strings.h"

namespace kvplane::cluster {
namespace {

using kvshim::base::Concat;

absl::Status SystemError(const std::string& path, std::string_view doing) {
  return absl::FailedPreconditionError(
      Concat("cannot ", doing, " ", path, ": ", std::string_view(strerror(errno))));
}

absl::Status MakeFolders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::exists(folder)) return absl::OkStatus();
  RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return SystemError(folder.string(), "make the folder");
  }
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(path, "write");
    content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError(path, "write");
}

}  // namespace

absl::Status WritePrivateFile(const std::string& path, std::string_view content, mode_t mode) {
  RETURN_IF_ERROR(MakeFolders(std::filesystem::path(path).parent_path()));
  const std::string aside = Concat(path, ".", getpid(), ".new");
  const int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(aside, "write");
  absl::Status status = WriteAll(fd, aside, content);
  if (status.ok() && fchmod(fd, mode) != 0) status = SystemError(aside, "set the mode of");
  close(fd);
  if (status.ok() && std::rename(aside.c_str(), path.c_str()) != 0) {
    status = SystemError(path, "write");
  }
  if (!status.ok()) unlink(aside.c_str());
  return status;
}

}  // namespace kvplane::cluster
