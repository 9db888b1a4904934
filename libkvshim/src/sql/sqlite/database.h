// The SQLite dialect: sql::Database on one file, which it has to itself.
//
// Thread safety: as sql::Database. One connection writes, under the commit lock; a pool of
// connections serves exact reads; each long read (load, scan, snapshot) has one of its own.
//
// Commits are durable when they return: WAL with synchronous=FULL. After an I/O error of a COMMIT,
// whose outcome nobody can know, every write fails with kAmbiguous: the kernel may have dropped the
// pages it could not write, and only a reopen reads what the device has.
//
//   ASSIGN_OR_RETURN(auto database, sqlite::Open(dsn, {}));
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::sql::sqlite {

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions options);

}  // namespace kvshim::sql::sqlite
