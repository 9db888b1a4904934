// The PostgreSQL dialect: sql::SharedDatabase over libpq.
//
// Thread safety: as sql::SharedDatabase. One connection appends; a pool of them reads; one more
// listens and notifies. Each long read (load, scan) has a connection of its own.
//
// Works behind PgBouncer in transaction mode: nothing depends on a session but LISTEN, and
// statements are prepared only until a pooler is found to mix them up.
//
// CockroachDB and YugabyteDB are provided for (product.h) and not tried, for want of a server.
//
//   ASSIGN_OR_RETURN(auto database, postgres::Open(dsn, {}));
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql::postgres {

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions options);

}  // namespace kvshim::sql::postgres
