// PostgreSQL's SQLSTATEs in the log's words.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "sql/error.h"

namespace kvshim::sql::postgres {

// What the five characters mean for a statement that may have been the commit of an append
// (`committing`), or for any other.
ErrorKind Classify(std::string_view state, bool committing);

// "database NAME: WHAT failed: DETAIL (STATE): FIX".
absl::Status MakeError(ErrorKind kind, std::string_view database, std::string_view what,
                       std::string_view detail, std::string_view state);

}  // namespace kvshim::sql::postgres
