// The tables of the log in SQLite, and their versions. libkvshim/docs/sql_schema.md explains them.
//
// Thread safety: functions on a connection that the caller owns.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "sql/database.h"
#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

// Marks a file as ours (PRAGMA application_id): "kvsh".
inline constexpr int64_t kApplicationId = 0x6b767368;
// PRAGMA user_version.
inline constexpr int64_t kSchemaVersion = 2;

// kv_log's key: the revision and, in its low bits, the sub.
inline constexpr int kSubBits = 21;
static_assert(kMaxSubs == uint32_t{1} << kSubBits);
inline constexpr int64_t kMaxRevision = (int64_t{1} << (62 - kSubBits)) - 1;

inline constexpr int64_t PackId(RowId id) {
  return (id.revision << kSubBits) | static_cast<int64_t>(id.sub);
}
inline constexpr RowId UnpackId(int64_t packed) {
  return {packed >> kSubBits, static_cast<uint32_t>(packed & ((int64_t{1} << kSubBits) - 1))};
}

// Makes the tables in an empty file, migrates an older one, refuses a newer one, in one
// transaction.
absl::Status PrepareSchema(Connection& writer, const Genesis& genesis);

}  // namespace kvshim::sql::sqlite
