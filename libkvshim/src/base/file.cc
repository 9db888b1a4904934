#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/strings.h"

namespace kvshim::base {
namespace {

absl::Status CannotRead(const std::string& path, int code) {
  const std::string what =
      Concat("cannot read ", path, ": ", std::generic_category().message(code));
  return code == ENOENT ? absl::NotFoundError(what) : absl::FailedPreconditionError(what);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(path, errno);
  std::string content;
  char chunk[16384];
  ssize_t count = 0;
  while ((count = read(file, chunk, sizeof(chunk))) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) content.append(chunk, static_cast<size_t>(count));
  }
  const int code = errno;
  close(file);
  if (count < 0) return CannotRead(path, code);
  return content;
}

}  // namespace kvshim::base
