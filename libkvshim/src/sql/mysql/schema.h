// The tables of the log in MySQL and MariaDB, and their version. libkvshim/docs/sql_schema.md
// explains them.
//
// Thread safety: functions on a connection that the caller owns.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "sql/database.h"
#include "sql/mysql/connection.h"
#include "sql/mysql/statement.h"

namespace kvshim::sql::mysql {

inline constexpr int64_t kSchemaVersion = 1;

// Makes the tables in an empty database, or checks their version. Making a table ends a transaction
// here, so that a server may die in between: what another server finds is completed, and the
// version, which goes in last, says that all is there. Of servers that do so at the same time, the
// row of the version lets one through.
absl::Status PrepareSchema(Connection& connection, const Genesis& genesis);

// The columns of kv_batch in the order that ReadBatch takes them.
#define KVSHIM_MYSQL_BATCH_COLUMNS                                                           \
  "seq, nonce, prev, epoch, first_rev, last_rev, nrows, compact_rev, gc_floor, min_reader, " \
  "min_writer, writer, ops, hash"
BatchRecord ReadBatch(const Row& row);

// Inserts a batch; `prev` is an expression.
Statement InsertBatch(const BatchRecord& batch, std::string_view prev);

}  // namespace kvshim::sql::mysql
