#include "sql/sqlite/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "base/strings.h"
#include "sql/sqlite/database_file.h"
#include "sql/sqlite/error.h"

namespace kvshim::sql::sqlite {
namespace {

// The pid that the holder wrote; 0 where there is none to read.
int ReadHolder(int descriptor) {
  char text[32];
  const ssize_t size = pread(descriptor, text, sizeof(text), 0);
  int pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

}  // namespace

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(database_path, base::Concat("opening ", path), errno);
  FileLock lock(descriptor);
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      return SystemError(database_path, base::Concat("locking ", path), errno);
    }
    const int pid = ReadHolder(descriptor);
    const std::string holder = pid > 0 ? base::Concat("the process ", pid) : "another process";
    return sql::MakeError(
        ErrorKind::kHeld,
        base::Concat("database ", database_path, " is open in ", holder, ", which holds ", path,
                     "; stop that process first, or name another file"));
  }
  // The pid is for people; a failure to write it (a full disk) must not keep the store down.
  const std::string pid = base::Concat(static_cast<int64_t>(getpid()), "\n");
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    return lock;
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace kvshim::sql::sqlite
