// Which dialect a database's name asks for, and what a new database begins with.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<sql::Database> database, OpenBackend(dsn, {}));
//   RETURN_IF_ERROR(PrepareBackend(*database));
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::log {

// Asks nothing of the database's contents: it may be empty, or another program's.
absl::StatusOr<std::unique_ptr<sql::Database>> OpenBackend(const sql::Dsn& dsn,
                                                           sql::DatabaseOptions options);

// Makes the tables, an identity and the first batch where there are none.
absl::Status PrepareBackend(sql::Database& database);

}  // namespace kvshim::log
