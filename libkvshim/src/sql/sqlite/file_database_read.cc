// The reads of FileDatabase.
#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/batches.h"
#include "sql/sqlite/error.h"
#include "sql/sqlite/file_database.h"
#include "sql/sqlite/schema.h"

namespace kvshim::sql::sqlite {
namespace {

#define KVSHIM_INDEX_COLUMNS "id, key, kind, create_rev, version, lease, vlen"

// `value` is left out where `with_value` is false: a large one is then never read from the disk.
LogRecord ReadRow(const Cursor& row, bool with_value) {
  return {.id = UnpackId(row->Int(0)),
          .key = row->Bytes(1),
          .tombstone = row->Int(2) != 0,
          .create_revision = row->Int(3),
          .version = row->Int(4),
          .lease = row->Int(5),
          .value_size = row->Int(6),
          .value = with_value ? row->Bytes(7) : std::string_view()};
}

}  // namespace

absl::Status FileDatabase::Load(TableVisitor& visitor) {
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, Connection::Role::kReader));
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(*connection, Transaction::Mode::kRead));
  RETURN_IF_ERROR(VisitHead(*connection, [&](const BatchRecord& batch) {
                    return visitor.OnHead(batch);
                  }).status());
  for (Cursor row = connection->Use("SELECT name, value FROM kv_meta ORDER BY name");;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) break;
    RETURN_IF_ERROR(visitor.OnMeta(row->Bytes(0), row->Bytes(1)));
  }
  for (Cursor row = connection->Use("SELECT id, ttl, renew FROM kv_lease ORDER BY id");;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) break;
    RETURN_IF_ERROR(visitor.OnLease({.id = row->Int(0), .ttl = row->Int(1), .renew = row->Int(2)}));
  }
  for (Cursor row = connection->Use("SELECT " KVSHIM_INDEX_COLUMNS " FROM kv_log ORDER BY id");;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) return absl::OkStatus();
    visitor.OnRow(ReadRow(row, false));
  }
}

absl::Status FileDatabase::ReadHead(const std::function<void(const BatchRecord&)>& visit) {
  ASSIGN_OR_RETURN(ReaderPool::Reader reader, readers_.Take());
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*reader, Transaction::Mode::kRead));
  return VisitHead(*reader,
                   [&](const BatchRecord& batch) {
                     visit(batch);
                     return absl::OkStatus();
                   })
      .status();
}

absl::StatusOr<std::optional<std::string>> FileDatabase::ReadMeta(std::string_view name) {
  ASSIGN_OR_RETURN(ReaderPool::Reader reader, readers_.Take());
  Cursor row = reader->Use("SELECT value FROM kv_meta WHERE name = ?1");
  row->BindText(1, name);
  ASSIGN_OR_RETURN(const bool found, row->Step());
  if (!found) return std::nullopt;
  return std::string(row->Bytes(0));
}

absl::Status FileDatabase::Fetch(std::span<const RowId> ids,
                                 const std::function<void(size_t, const LogRecord&)>& visit) {
  ASSIGN_OR_RETURN(ReaderPool::Reader reader, readers_.Take());
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*reader, Transaction::Mode::kRead));
  Cursor row = reader->Use(
      "SELECT id, key, kind, create_rev, version, lease, vlen, value "
      "FROM kv_log WHERE id = ?1");
  for (size_t i = 0; i < ids.size(); ++i) {
    row->Bind(1, PackId(ids[i]));
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (found) visit(i, ReadRow(row, true));
    row->Reset();
  }
  return absl::OkStatus();
}

absl::Status FileDatabase::ReadRows(int64_t from, int64_t to,
                                    const std::function<bool(const LogRecord&)>& visit) {
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, Connection::Role::kReader));
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(*connection, Transaction::Mode::kRead));
  Cursor row = connection->Use(
      "SELECT id, key, kind, create_rev, version, lease, vlen, value FROM kv_log "
      "WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
  row->Bind(1, PackId({std::clamp<int64_t>(from, 0, kMaxRevision), 0}));
  row->Bind(2, PackId({std::clamp<int64_t>(to, 0, kMaxRevision), kMaxSubs - 1}));
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found || !visit(ReadRow(row, true))) return absl::OkStatus();
  }
}

absl::Status FileDatabase::ReadRowsWithoutValues(
    RowId after, int64_t to, int64_t limit, const std::function<void(const LogRecord&)>& visit) {
  ASSIGN_OR_RETURN(ReaderPool::Reader reader, readers_.Take());
  Cursor row = reader->Use("SELECT " KVSHIM_INDEX_COLUMNS
                           " FROM kv_log WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
  row->Bind(1, PackId(after));
  row->Bind(2, PackId({std::clamp<int64_t>(to, 0, kMaxRevision), kMaxSubs - 1}));
  row->Bind(3, limit);
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, row->Step());
    if (!found) return absl::OkStatus();
    visit(ReadRow(row, false));
  }
}

absl::Status FileDatabase::ReadBatches(int64_t from, int64_t limit,
                                       const std::function<bool(const BatchRecord&)>& visit) {
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, Connection::Role::kReader));
  return VisitBatches(*connection, from, limit, visit);
}

absl::Status FileDatabase::CheckStructure(const std::function<void(std::string_view)>& visit) {
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, Connection::Role::kReader));
  Cursor row = connection->Use("PRAGMA integrity_check(100)");
  for (;;) {
    const absl::StatusOr<bool> found = row->Step();
    // Damage that keeps the check from going on is what it was to find.
    if (sql::KindOf(found.status()) == ErrorKind::kCorrupt) {
      visit(base::FromAbsl(found.status().message()));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(found.status());
    if (!*found) return absl::OkStatus();
    if (const std::string_view text = row->Bytes(0); text != "ok") visit(text);
  }
}

}  // namespace kvshim::sql::sqlite
