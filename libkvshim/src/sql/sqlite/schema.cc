#include "sql/sqlite/schema.h"

#include <sqlite3.h>

#include <string>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/batches.h"
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
  sub INTEGER GENERATED ALWAYS AS (id & 2097151) VIRTUAL,
  batch BLOB
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
  return InsertBatch(writer, genesis.batch);
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
  if (version == kSchemaVersion) return absl::OkStatus();
  // Version 1 had every batch in kv_batch.
  RETURN_IF_ERROR(
      writer.Execute(Concat("ALTER TABLE kv_log ADD COLUMN batch BLOB;"
                            "PRAGMA user_version = ",
                            kSchemaVersion)));
  return transaction.Commit();
}

}  // namespace kvshim::sql::sqlite
