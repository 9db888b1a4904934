#include "sql/mysql/schema.h"

#include <charconv>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::sql::mysql {
namespace {

using base::Concat;

constexpr int kAttempts = 10;

struct Table {
  std::string_view name;
  std::string_view columns;  // in their order, separated by commas
  std::string_view definition;
};

// `value` stands last: a long one lies on pages of its own, and reading the other columns does not
// touch them. All texts are bytes.
constexpr Table kTables[] = {
    {"kv_meta", "name,value", "name VARBINARY(255) NOT NULL PRIMARY KEY, value LONGBLOB NOT NULL"},
    {"kv_batch",
     "seq,nonce,prev,epoch,first_rev,last_rev,nrows,compact_rev,gc_floor,min_reader,min_writer,"
     "writer,ops,hash",
     "seq BIGINT NOT NULL PRIMARY KEY, nonce VARBINARY(16) NOT NULL, prev VARBINARY(16) NOT NULL, "
     "epoch BIGINT NOT NULL, first_rev BIGINT NOT NULL, last_rev BIGINT NOT NULL, "
     "nrows BIGINT NOT NULL, compact_rev BIGINT NOT NULL, gc_floor BIGINT NOT NULL, "
     "min_reader BIGINT NOT NULL, min_writer BIGINT NOT NULL, writer BIGINT NOT NULL, "
     "ops LONGBLOB NOT NULL, hash VARBINARY(32) NOT NULL"},
    {"kv_log", "rev,sub,kind,create_rev,version,lease,vlen,key,value",
     "rev BIGINT NOT NULL, sub INT UNSIGNED NOT NULL, kind TINYINT NOT NULL, "
     "create_rev BIGINT NOT NULL, version BIGINT NOT NULL, lease BIGINT NOT NULL, "
     "vlen INT UNSIGNED NOT NULL, `key` LONGBLOB NOT NULL, value LONGBLOB NOT NULL, "
     "PRIMARY KEY (rev, sub)"},
    {"kv_lease", "id,ttl,renew",
     "id BIGINT NOT NULL PRIMARY KEY, ttl BIGINT NOT NULL, renew BIGINT NOT NULL"},
    {"kv_lock", "id", "id INT NOT NULL PRIMARY KEY"},
    {"kv_owner", "id,server,term,beat",
     "id INT NOT NULL PRIMARY KEY, server BIGINT NOT NULL, term BIGINT NOT NULL, "
     "beat BIGINT NOT NULL"},
    {"kv_server", "id,name,urls,applied_seq,beat",
     "id BIGINT NOT NULL PRIMARY KEY, name BLOB NOT NULL, urls BLOB NOT NULL, "
     "applied_seq BIGINT NOT NULL, beat BIGINT NOT NULL"},
};

constexpr char kOptions[] = " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET binary";

constexpr char kSchemaVersionName[] = "schema_version";

absl::Status Foreign(const Connection& connection, std::string_view table) {
  return MakeError(ErrorKind::kForeign, connection.name(), "opening it",
                   Concat("its table ", table, " is not kvshim's; name another database"), 0);
}

// The columns of the tables there are, by the tables' names.
absl::StatusOr<std::map<std::string, std::string>> ReadColumns(Connection& connection) {
  Statement query;
  query.Text(
      "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS "
      "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (");
  for (const Table& table : kTables) {
    query.Text(&table == kTables ? "" : ", ").Bytes(table.name);
  }
  query.Text(") ORDER BY TABLE_NAME, ORDINAL_POSITION");
  ASSIGN_OR_RETURN(Result found, connection.Execute(query));
  std::map<std::string, std::string> columns;
  while (const std::optional<Row> row = found.Next()) {
    std::string& list = columns[std::string(row->Bytes(0))];
    list += Concat(list.empty() ? "" : ",", row->Bytes(1));
  }
  return columns;
}

// The version of the tables that are there; 0 where they are not complete.
absl::StatusOr<int64_t> ReadVersion(Connection& connection) {
  ASSIGN_OR_RETURN(auto columns, ReadColumns(connection));
  const auto meta = columns.find("kv_meta");
  if (meta != columns.end()) {
    if (meta->second != "name,value") return Foreign(connection, "kv_meta");
    ASSIGN_OR_RETURN(
        Result found,
        connection.Execute(
            Statement().Text("SELECT value FROM kv_meta WHERE name = ").Bytes(kSchemaVersionName)));
    if (const std::optional<Row> row = found.Next()) {
      const int64_t version = row->Int(0);
      if (version < 1) return Foreign(connection, "kv_meta");
      return version;
    }
  }
  for (const Table& table : kTables) {
    const auto present = columns.find(std::string(table.name));
    if (present != columns.end() && present->second != table.columns) {
      return Foreign(connection, table.name);
    }
  }
  return 0;
}

absl::Status InsertMeta(Connection& connection, std::string_view name, std::string_view value) {
  return connection
      .Execute(Statement()
                   .Text("INSERT INTO kv_meta (name, value) VALUES (")
                   .Bytes(name)
                   .Text(", ")
                   .Bytes(value)
                   .Text(")"))
      .status();
}

absl::Status Fill(Connection& connection, const Genesis& genesis) {
  RETURN_IF_ERROR(connection.Execute("START TRANSACTION").status());
  RETURN_IF_ERROR(InsertMeta(connection, kSchemaVersionName, std::to_string(kSchemaVersion)));
  for (const PutMeta& meta : genesis.meta) {
    RETURN_IF_ERROR(InsertMeta(connection, meta.name, meta.value));
  }
  RETURN_IF_ERROR(connection.Execute("INSERT INTO kv_lock (id) VALUES (1)").status());
  RETURN_IF_ERROR(
      connection.Execute("INSERT INTO kv_owner (id, server, term, beat) VALUES (1, 0, 0, 0)")
          .status());
  RETURN_IF_ERROR(
      connection.Execute(InsertBatch(genesis.batch, Statement().Bytes(genesis.batch.prev).text()))
          .status());
  return connection.Execute("COMMIT").status();
}

absl::Status Create(Connection& connection, const Genesis& genesis) {
  for (const Table& table : kTables) {
    RETURN_IF_ERROR(connection
                        .Execute(Concat("CREATE TABLE IF NOT EXISTS ", table.name, " (",
                                        table.definition, ")", kOptions))
                        .status());
  }
  absl::Status filled = Fill(connection, genesis);
  if (!filled.ok() && !connection.broken()) connection.Execute("ROLLBACK").status().IgnoreError();
  return filled;
}

}  // namespace

absl::Status PrepareSchema(Connection& connection, const Genesis& genesis) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(const int64_t version, ReadVersion(connection));
    if (version == kSchemaVersion) return absl::OkStatus();
    if (version > kSchemaVersion) {
      return sql::MakeError(
          ErrorKind::kNewerSchema,
          Concat("database ", connection.name(), " was made by a newer kvshim (schema ", version,
                 ", this one knows ", kSchemaVersion, "); use that release or a newer one"));
    }
    const absl::Status created = Create(connection, genesis);
    // Another server was first, or is about to be.
    if (sql::KindOf(created) != ErrorKind::kConflict && sql::KindOf(created) != ErrorKind::kBusy) {
      return created;
    }
  }
  return MakeError(ErrorKind::kForeign, connection.name(), "opening it",
                   "its tables have rows and no schema_version in kv_meta; name another database",
                   0);
}

BatchRecord ReadBatch(const Row& row) {
  return {.seq = row.Int(0),
          .nonce = row.Bytes(1),
          .prev = row.Bytes(2),
          .epoch = row.Int(3),
          .first_revision = row.Int(4),
          .last_revision = row.Int(5),
          .row_count = row.Int(6),
          .compact_revision = row.Int(7),
          .gc_floor = row.Int(8),
          .min_reader = row.Int(9),
          .min_writer = row.Int(10),
          .writer = row.Int(11),
          .ops = row.Bytes(12),
          .hash = row.Bytes(13)};
}

Statement InsertBatch(const BatchRecord& batch, std::string_view prev) {
  Statement insert(512 + 2 * batch.ops.size());
  insert.Text("INSERT INTO kv_batch (" KVSHIM_MYSQL_BATCH_COLUMNS ") VALUES (")
      .Int(batch.seq)
      .Text(", ")
      .Bytes(batch.nonce)
      .Text(", ")
      .Text(prev);
  for (const int64_t number :
       {batch.epoch, batch.first_revision, batch.last_revision, batch.row_count,
        batch.compact_revision, batch.gc_floor, batch.min_reader, batch.min_writer, batch.writer}) {
    insert.Text(", ").Int(number);
  }
  return insert.Text(", ").Bytes(batch.ops).Text(", ").Bytes(batch.hash).Text(")");
}

}  // namespace kvshim::sql::mysql
