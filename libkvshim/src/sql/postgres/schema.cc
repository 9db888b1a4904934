#include "sql/postgres/schema.h"

#include <charconv>
#include <string>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/error.h"
#include "sql/postgres/product.h"

namespace kvshim::sql::postgres {
namespace {

using base::Concat;

constexpr char kSchemaVersionName[] = "schema_version";

std::string Quoted(std::string_view identifier) {
  std::string quoted = "\"";
  for (const char c : identifier) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

absl::Status Create(Connection& connection, const Genesis& genesis) {
  RETURN_IF_ERROR(connection.ExecuteScript(TablesFor(connection.product())));
  constexpr char kInsertMeta[] = "INSERT INTO kv_meta (name, value) VALUES ($1, $2)";
  for (const PutMeta& meta : genesis.meta) {
    RETURN_IF_ERROR(
        connection.Execute(kInsertMeta, Parameters().Text(meta.name).Bytes(meta.value)).status());
  }
  const std::string version = std::to_string(kSchemaVersion);
  RETURN_IF_ERROR(
      connection.Execute(kInsertMeta, Parameters().Text(kSchemaVersionName).Bytes(version))
          .status());
  return connection
      .Execute("INSERT INTO kv_batch (" KVSHIM_PG_BATCH_COLUMNS
               ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
               BatchParameters(genesis.batch))
      .status();
}

absl::Status CheckVersion(Connection& connection) {
  ASSIGN_OR_RETURN(const Result found,
                   connection.Execute("SELECT value FROM kv_meta WHERE name = $1",
                                      Parameters().Text(kSchemaVersionName)));
  int64_t version = 0;
  if (found.rows() == 1) {
    const std::string_view text = found.Bytes(0, 0);
    std::from_chars(text.data(), text.data() + text.size(), version);
  }
  if (version == kSchemaVersion) return absl::OkStatus();
  if (version > kSchemaVersion) {
    return sql::MakeError(
        ErrorKind::kNewerSchema,
        Concat("database ", connection.name(), " was made by a newer kvshim (schema ", version,
               ", this one knows ", kSchemaVersion, "); use that release or a newer one"));
  }
  return MakeError(ErrorKind::kForeign, connection.name(), "opening it",
                   "its table kv_meta is not kvshim's; name another database", "");
}

absl::Status PrepareLocked(Connection& connection, const Genesis& genesis) {
  RETURN_IF_ERROR(
      connection.Execute("SELECT pg_advisory_xact_lock($1)", Parameters().Int8(0x6b767368))
          .status());
  ASSIGN_OR_RETURN(const Result tables,
                   connection.Execute("SELECT (to_regclass('kv_meta') IS NOT NULL)::int, "
                                      "(to_regclass('kv_log') IS NOT NULL)::int",
                                      {}));
  const bool meta = tables.Int(0, 0) != 0;
  if (meta) return CheckVersion(connection);
  if (tables.Int(0, 1) != 0) {
    return MakeError(ErrorKind::kForeign, connection.name(), "opening it",
                     "it has a table kv_log that is not kvshim's; name another database", "");
  }
  return Create(connection, genesis);
}

}  // namespace

absl::Status PrepareDatabase(const Options& options, SessionTraits& traits) {
  const absl::Status direct = Connection::Open(options, traits).status();
  if (sql::KindOf(direct) != ErrorKind::kNoDatabase) return direct;
  ASSIGN_OR_RETURN(const auto other, Connection::OpenDatabase(options, "postgres", traits));
  const absl::Status created =
      other->ExecuteScript(Concat("CREATE DATABASE ", Quoted(options.database)));
  if (created.ok()) {
    base::Log(base::Level::kInfo, "created the database", {{"database", options.name}});
  }
  const absl::Status opened = Connection::Open(options, traits).status();
  if (sql::KindOf(opened) != ErrorKind::kNoDatabase) return opened;
  // Another server may have been first.
  ASSIGN_OR_RETURN(const Result listed,
                   other->Execute("SELECT 1 FROM pg_database WHERE datname = $1",
                                  Parameters().Text(options.database)));
  if (listed.rows() == 1) {
    return MakeError(ErrorKind::kIo, options.name, "opening what was made just now",
                     "a connection pooler in between does not know it yet", "");
  }
  return MakeError(
      sql::KindOf(created), options.name, "creating it",
      Concat(base::FromAbsl(created.message()), "; create it by hand, or give the user CREATEDB"),
      "");
}

absl::Status PrepareSchema(Connection& connection, const Genesis& genesis) {
  RETURN_IF_ERROR(connection.ExecuteScript("BEGIN"));
  absl::Status prepared = PrepareLocked(connection, genesis);
  if (prepared.ok()) return connection.ExecuteScript("COMMIT");
  if (!connection.broken()) connection.ExecuteScript("ROLLBACK").IgnoreError();
  return prepared;
}

BatchRecord ReadBatch(const Result& result, int row) {
  return {.seq = result.Int(row, 0),
          .nonce = result.Bytes(row, 1),
          .prev = result.Bytes(row, 2),
          .epoch = result.Int(row, 3),
          .first_revision = result.Int(row, 4),
          .last_revision = result.Int(row, 5),
          .row_count = result.Int(row, 6),
          .compact_revision = result.Int(row, 7),
          .gc_floor = result.Int(row, 8),
          .min_reader = result.Int(row, 9),
          .min_writer = result.Int(row, 10),
          .writer = result.Int(row, 11),
          .ops = result.Bytes(row, 12),
          .hash = result.Bytes(row, 13)};
}

Parameters BatchParameters(const BatchRecord& batch) {
  return Parameters()
      .Int8(batch.seq)
      .Bytes(batch.nonce)
      .Bytes(batch.prev)
      .Int8(batch.epoch)
      .Int8(batch.first_revision)
      .Int8(batch.last_revision)
      .Int8(batch.row_count)
      .Int8(batch.compact_revision)
      .Int8(batch.gc_floor)
      .Int8(batch.min_reader)
      .Int8(batch.min_writer)
      .Int8(batch.writer)
      .Bytes(batch.ops)
      .Bytes(batch.hash);
}

}  // namespace kvshim::sql::postgres
