// MySQL's and MariaDB's error numbers in the log's words.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "sql/error.h"

namespace kvshim::sql::mysql {

// What the failed statements were for.
enum class Purpose {
  kRead,          // or a write that is complete in itself and may be made again
  kBeforeCommit,  // an append without its COMMIT
  kAppend,        // an append up to its COMMIT
};

ErrorKind Classify(unsigned code, Purpose purpose);

// Whether the session is of no further use after this error.
bool EndsSession(unsigned code);

// "database NAME: WHAT failed: DETAIL (error CODE); FIX".
absl::Status MakeError(ErrorKind kind, std::string_view database, std::string_view what,
                       std::string_view detail, unsigned code);

}  // namespace kvshim::sql::mysql
