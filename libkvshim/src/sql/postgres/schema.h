// The tables of the log in PostgreSQL, and their version. libkvshim/docs/sql_schema.md explains
// them.
//
// Thread safety: functions on a connection that the caller owns.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "sql/database.h"
#include "sql/postgres/connection.h"

namespace kvshim::sql::postgres {

inline constexpr int64_t kSchemaVersion = 1;

// Makes the database that `options` names where the server has none.
absl::Status PrepareDatabase(const Options& options, SessionTraits& traits);

// Makes the tables in an empty database, or checks their version. Servers that do so at the same
// time take turns.
absl::Status PrepareSchema(Connection& connection, const Genesis& genesis);

// The columns of kv_batch in the order that ReadBatch takes them.
#define KVSHIM_PG_BATCH_COLUMNS                                                              \
  "seq, nonce, prev, epoch, first_rev, last_rev, nrows, compact_rev, gc_floor, min_reader, " \
  "min_writer, writer, ops, hash"
BatchRecord ReadBatch(const Result& result, int row);

// Parameters for those columns, hash last.
Parameters BatchParameters(const BatchRecord& batch);

}  // namespace kvshim::sql::postgres
