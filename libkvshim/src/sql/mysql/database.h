// The MySQL dialect: sql::SharedDatabase over MariaDB Connector/C or MySQL's own client library.
//
// Thread safety: as sql::SharedDatabase. One connection appends; a pool of them reads. Each long
// read (load) has a connection of its own. There is no way to tell the other servers news.
//
// Tried with MariaDB and its Galera clusters. Not tried, for want of a server: MySQL, Aurora,
// Vitess and TiDB. What they do otherwise is provided for: no time limit for idle transactions,
// sizes of tables kept in a cache, TiDB's codes for conflicts.
//
//   ASSIGN_OR_RETURN(auto database, mysql::Open(dsn, {}));
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql::mysql {

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions options);

}  // namespace kvshim::sql::mysql
