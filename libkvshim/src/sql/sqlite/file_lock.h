// FileLock: keeps a second process (or a second opener in this one) away from a database file, by
// a lock on PATH.lock held until destruction. The file stays; only the lock counts.
//
// Thread safety: a value that may move between threads.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace kvshim::sql::sqlite {

class FileLock {
 public:
  // kHeld names the path and, where it can be read, the pid of the holder.
  static absl::StatusOr<FileLock> Acquire(const std::string& database_path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace kvshim::sql::sqlite
