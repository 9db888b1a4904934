// The database as a file: made with its directory, judged before SQLite sees it, so that the
// common mistakes get messages that say what to do.
//
// Thread safety: functions on the file system.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kvshim::sql::sqlite {

// The status of a failed system call on a database's files.
absl::Status SystemError(std::string_view database_path, std::string_view what, int error);

// Makes the directory of `path` where missing, and resolves links, so that one file has one name.
absl::StatusOr<std::string> ResolvePath(const std::string& path);

// Makes an empty file where there is none. Refuses what is not a SQLite database, or not writable.
absl::Status InspectFile(const std::string& path);

// Removes copies that a snapshot left behind when its process was killed.
void RemoveStaleSnapshots(const std::string& path);

// Fails with kFull where the file system of `directory` has less than `bytes` free.
absl::Status CheckFreeSpace(const std::string& database_path, const std::string& directory,
                            int64_t bytes);

}  // namespace kvshim::sql::sqlite
