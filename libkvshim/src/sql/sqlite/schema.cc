#include "sql/sqlite/schema.h"

#include <sqlite3.h>

#include <string>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/error.h"

namespace kvshim::sql::sqlite {
namespace {

using base::Concat;

// The rows of kv_log lie in a table by a 64-bit key, not in one WITHOUT ROWID: there a row above
// 1002 bytes would spill into a page of its own (docs/decisions/sqlite_layout.md has figures).
constexpr char kTables[] = R"sql(
CREATE TABLE kv_meta (
  name TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kv_batch (
  seq INTEGER PRIMARY KEY,
  nonce BLOB NOT NULL,
  prev BLOB NOT NULL,
  epoch INTEGER NOT NULL,
  first_rev INTEGER NOT NULL,
  last_rev INTEGER NOT NULL,
  nrows INTEGER NOT NULL,
  compact_rev INTEGER NOT NULL,
  gc_floor INTEGER NOT NULL,
  min_reader INTEGER NOT NULL,
  min_writer INTEGER NOT NULL,
  writer INTEGER NOT NULL,
  ops BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;

CREATE TABLE kv_log (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  kind INTEGER NOT NULL,
  create_rev INTEGER NOT NULL,
  version INTEGER NOT NULL,
  lease INTEGER NOT NULL,
  vlen INTEGER NOT NULL,
  value BLOB NOT NULL,
  rev INTEGER GENERATED ALWAYS AS (id >> 21) VIRTUAL,
  sub INTEGER GENERATED ALWAYS AS (id & 2097151) VIRTUAL
) STRICT;

CREATE TABLE kv_lease (
  id INTEGER PRIMARY KEY,
  ttl INTEGER NOT NULL,
  renew INTEGER NOT NULL DEFAULT 0,
  srv INTEGER NOT NULL DEFAULT 0,
  tick INTEGER NOT NULL DEFAULT 0
) STRICT;
)sql";

// What another program keeps in the file, for the message that refuses it.
absl::StatusOr<std::string> DescribeForeign(Connection& writer) {
  ASSIGN_OR_RETURN(const std::string table,
                   writer.Text("SELECT name FROM sqlite_schema WHERE type = 'table' "
                               "ORDER BY name LIMIT 1"));
  return table.empty() ? std::string("the file belongs to another program")
                       : Concat("the file belongs to another program: it has the table ", table);
}

absl::Status Create(Connection& writer, const Genesis& genesis) {
  RETURN_IF_ERROR(writer.Execute(kTables));
  RETURN_IF_ERROR(writer.Execute(Concat("PRAGMA application_id = ", kApplicationId,
                                        "; PRAGMA user_version = ", kSchemaVersion)));
  for (const PutMeta& meta : genesis.meta) {
    Cursor insert = writer.Use("INSERT INTO kv_meta (name, value) VALUES (?1, ?2)");
    insert->BindText(1, meta.name);
    insert->Bind(2, meta.value);
    RETURN_IF_ERROR(insert->Run());
  }
  return InsertBatch(writer, genesis.batch, nullptr);
}

}  // namespace

absl::Status PrepareSchema(Connection& writer, const Genesis& genesis) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(writer, Transaction::Mode::kWrite));
  ASSIGN_OR_RETURN(const int64_t application, writer.Number("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, writer.Number("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t objects, writer.Number("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && objects == 0) {
    RETURN_IF_ERROR(Create(writer, genesis));
    return transaction.Commit();
  }
  if (application != kApplicationId) {
    ASSIGN_OR_RETURN(const std::string reason, DescribeForeign(writer));
    return MakeError(ErrorKind::kForeign, writer.path(), "opening it", reason, 0, 0);
  }
  if (version > kSchemaVersion) {
    return sql::MakeError(
        ErrorKind::kNewerSchema,
        Concat("database ", writer.path(), " was written by a newer kvshim (schema ", version,
               ", this one knows ", kSchemaVersion, "); use that release or a newer one"));
  }
  if (version < 1 || objects == 0) {
    return MakeError(ErrorKind::kCorrupt, writer.path(), "reading its schema",
                     Concat("schema version ", version, " with ", objects, " tables"), 0, 0);
  }
  return absl::OkStatus();
}

absl::Status InsertBatch(Connection& writer, const BatchRecord& batch, const int64_t* prev_epoch) {
  // The guard: where the head is not the predecessor this batch was evaluated at, `prev` is NULL
  // or `seq` is taken, and the insert fails.
  Cursor insert = writer.Use(
      prev_epoch != nullptr
          ? "INSERT INTO kv_batch (" KVSHIM_BATCH_COLUMNS
            ") VALUES (?1, ?2, (SELECT nonce FROM kv_batch WHERE seq = ?1 - 1 AND nonce = ?3 "
            "AND epoch = ?15), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
          : "INSERT INTO kv_batch (" KVSHIM_BATCH_COLUMNS
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
  insert->Bind(1, batch.seq);
  insert->Bind(2, batch.nonce);
  insert->Bind(3, batch.prev);
  insert->Bind(4, batch.epoch);
  insert->Bind(5, batch.first_revision);
  insert->Bind(6, batch.last_revision);
  insert->Bind(7, batch.row_count);
  insert->Bind(8, batch.compact_revision);
  insert->Bind(9, batch.gc_floor);
  insert->Bind(10, batch.min_reader);
  insert->Bind(11, batch.min_writer);
  insert->Bind(12, batch.writer);
  insert->Bind(13, batch.ops);
  insert->Bind(14, batch.hash);
  if (prev_epoch != nullptr) insert->Bind(15, *prev_epoch);
  return insert->Run();
}

BatchRecord ReadBatch(const Cursor& row) {
  return {.seq = row->Int(0),
          .nonce = row->Bytes(1),
          .prev = row->Bytes(2),
          .epoch = row->Int(3),
          .first_revision = row->Int(4),
          .last_revision = row->Int(5),
          .row_count = row->Int(6),
          .compact_revision = row->Int(7),
          .gc_floor = row->Int(8),
          .min_reader = row->Int(9),
          .min_writer = row->Int(10),
          .writer = row->Int(11),
          .ops = row->Bytes(12),
          .hash = row->Bytes(13)};
}

}  // namespace kvshim::sql::sqlite
