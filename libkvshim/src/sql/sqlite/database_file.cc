#include "sql/sqlite/database_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

#include "base/strings.h"
#include "sql/sqlite/error.h"
#include "sql/sqlite/schema.h"

namespace kvshim::sql::sqlite {
namespace {

using base::Concat;
namespace fs = std::filesystem;

// The first bytes of every SQLite file, with the final zero.
constexpr std::string_view kMagic("SQLite format 3\0", 16);

// Of the file format: where the first page's own header is, with the number of its cells, one for
// each table and index; and the number that the program gave the file.
constexpr size_t kApplicationIdAt = 68;
constexpr size_t kCellsAt = 103;
constexpr size_t kHeadBytes = kCellsAt + 2;

uint32_t BigEndian(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

// Whether another program made it: SQLite would change the file as soon as it is set up for us. One
// of ours has no number and no table either as long as all that is in the write-ahead log.
bool IsForeign(std::string_view head) {
  if (head.size() < kHeadBytes) return false;
  const uint32_t application = BigEndian(head.substr(kApplicationIdAt, 4));
  if (application != 0) return application != kApplicationId;
  return BigEndian(head.substr(kCellsAt, 2)) != 0;
}

ErrorKind KindOfSystemError(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return ErrorKind::kPermission;
    case EROFS:
      return ErrorKind::kReadOnly;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::kFull;
    case EISDIR:
    case ENOTDIR:
      return ErrorKind::kForeign;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

absl::Status SystemError(std::string_view database_path, std::string_view what, int error) {
  return MakeError(KindOfSystemError(error), database_path, what,
                   std::generic_category().message(error), 0, 0);
}

absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  std::error_code error;
  const fs::path directory = fs::path(path).parent_path();
  if (!directory.empty()) {
    fs::create_directories(directory, error);
    if (error) {
      return SystemError(path, Concat("making its directory ", directory.string()), error.value());
    }
  }
  const fs::path resolved = fs::weakly_canonical(fs::absolute(path), error);
  if (error) return SystemError(path, "resolving its path", error.value());
  return resolved.string();
}

absl::Status InspectFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(path, "opening it for writing", errno);
  struct stat info;
  char head[kHeadBytes];
  ssize_t size = 0;
  const bool known = fstat(descriptor, &info) == 0;
  if (known && S_ISREG(info.st_mode)) size = pread(descriptor, head, sizeof(head), 0);
  const int error = errno;
  // Safe before SQLite opens the file: closing any descriptor of it would drop SQLite's locks.
  close(descriptor);
  if (!known || size < 0) return SystemError(path, "reading it", error);
  if (!S_ISREG(info.st_mode)) {
    return MakeError(ErrorKind::kForeign, path, "opening it", "not a regular file", 0, 0);
  }
  const std::string_view read(head, static_cast<size_t>(size));
  if (read.starts_with(kMagic) && IsForeign(read)) {
    return MakeError(ErrorKind::kForeign, path, "opening it", "the file belongs to another program",
                     0, 0);
  }
  if (read.empty() || read.starts_with(kMagic)) return absl::OkStatus();
  return MakeError(ErrorKind::kForeign, path, "opening it", "the file is not a SQLite database", 0,
                   0);
}

void RemoveStaleSnapshots(const std::string& path) {
  const fs::path file(path);
  const std::string prefix = file.filename().string() + ".snapshot-";
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(file.parent_path(), error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(prefix)) fs::remove(entry.path(), ignored);
  }
}

absl::Status CheckFreeSpace(const std::string& database_path, const std::string& directory,
                            int64_t bytes) {
  struct statvfs info;
  if (statvfs(directory.c_str(), &info) != 0) {
    return SystemError(database_path, Concat("looking at the free space of ", directory), errno);
  }
  const int64_t free = static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  if (free >= bytes) return absl::OkStatus();
  return sql::MakeError(ErrorKind::kFull,
                        Concat("database ", database_path, ": ", directory, " has ", free >> 20,
                               " MiB free, ", (bytes >> 20) + 1, " MiB are needed"));
}

}  // namespace kvshim::sql::sqlite
