// SQLite's result codes in the log's words.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "sql/error.h"

namespace kvshim::sql::sqlite {

// What an extended result code means for a statement other than COMMIT.
ErrorKind Classify(int code);

// What it means for COMMIT: an I/O error there leaves open whether the commit will be found.
ErrorKind ClassifyCommit(int code);

// "database PATH: WHAT failed: DETAIL (code): FIX". `system_error` is the errno behind it, or 0.
absl::Status MakeError(ErrorKind kind, std::string_view path, std::string_view what,
                       std::string_view detail, int code, int system_error);

}  // namespace kvshim::sql::sqlite
