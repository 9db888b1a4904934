// The reads of ServerDatabase.
#include <algorithm>
#include <numeric>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "sql/mysql/durability.h"
#include "sql/mysql/row_ids.h"
#include "sql/mysql/schema.h"
#include "sql/mysql/server_database.h"

namespace kvshim::sql::mysql {
namespace {

constexpr size_t kFetchedAtOnce = 500;

#define KVSHIM_MYSQL_INDEX_COLUMNS "rev, sub, `key`, kind, create_rev, version, lease, vlen"

// From a row of those columns, and `value` where `with_value`.
LogRecord ReadRow(const Row& row, bool with_value) {
  return {.id = {row.Int(0), static_cast<uint32_t>(row.Int(1))},
          .key = row.Bytes(2),
          .tombstone = row.Int(3) != 0,
          .create_revision = row.Int(4),
          .version = row.Int(5),
          .lease = row.Int(6),
          .value_size = row.Int(7),
          .value = with_value ? row.Bytes(8) : std::string_view()};
}

absl::Status VisitHead(Connection& connection,
                       const std::function<absl::Status(const BatchRecord&)>& visit) {
  ASSIGN_OR_RETURN(Result head, connection.Execute("SELECT " KVSHIM_MYSQL_BATCH_COLUMNS
                                                   " FROM kv_batch ORDER BY seq DESC LIMIT 1"));
  if (const std::optional<Row> row = head.Next()) return visit(ReadBatch(*row));
  return MakeError(ErrorKind::kCorrupt, connection.name(), "reading the newest batch",
                   "kv_batch is empty", 0);
}

absl::Status VisitLeases(Connection& connection,
                         const std::function<absl::Status(const LeaseRecord&)>& visit) {
  ASSIGN_OR_RETURN(Result leases,
                   connection.Execute("SELECT id, ttl, renew FROM kv_lease ORDER BY id"));
  while (const std::optional<Row> row = leases.Next()) {
    RETURN_IF_ERROR(visit({.id = row->Int(0), .ttl = row->Int(1), .renew = row->Int(2)}));
  }
  return absl::OkStatus();
}

absl::Status LoadFrom(Connection& connection, TableVisitor& visitor) {
  // Rows are streamed: the server must not give up where we take them slowly.
  RETURN_IF_ERROR(connection
                      .Run("SET SESSION net_write_timeout = 3600; "
                           "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
                           "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
                      .status());
  RETURN_IF_ERROR(
      VisitHead(connection, [&](const BatchRecord& batch) { return visitor.OnHead(batch); }));
  ASSIGN_OR_RETURN(Result meta,
                   connection.Execute("SELECT name, value FROM kv_meta ORDER BY name"));
  while (const std::optional<Row> row = meta.Next()) {
    RETURN_IF_ERROR(visitor.OnMeta(row->Bytes(0), row->Bytes(1)));
  }
  RETURN_IF_ERROR(
      VisitLeases(connection, [&](const LeaseRecord& lease) { return visitor.OnLease(lease); }));
  RETURN_IF_ERROR(connection.Stream(
      "SELECT " KVSHIM_MYSQL_INDEX_COLUMNS " FROM kv_log ORDER BY rev, sub", [&](const Row& row) {
        visitor.OnRow(ReadRow(row, false));
        return true;
      }));
  RETURN_IF_ERROR(connection.Execute("COMMIT").status());
  return MakeReadsDurable(connection);
}

}  // namespace

absl::Status ServerDatabase::Load(TableVisitor& visitor) {
  ASSIGN_OR_RETURN(auto connection, Connect(Role::kReader));
  return LoadFrom(*connection, visitor);
}

absl::Status ServerDatabase::ReadHead(const std::function<void(const BatchRecord&)>& visit) {
  return readers_.With([&](Connection& connection) {
    return VisitHead(connection, [&](const BatchRecord& batch) {
      visit(batch);
      return absl::OkStatus();
    });
  });
}

absl::StatusOr<std::optional<std::string>> ServerDatabase::ReadMeta(std::string_view name) {
  return readers_.With([&](Connection& connection) -> absl::StatusOr<std::optional<std::string>> {
    ASSIGN_OR_RETURN(Result found,
                     connection.Execute(
                         Statement().Text("SELECT value FROM kv_meta WHERE name = ").Bytes(name)));
    const std::optional<Row> row = found.Next();
    if (!row.has_value()) return std::nullopt;
    return std::string(row->Bytes(0));
  });
}

absl::Status ServerDatabase::Fetch(std::span<const RowId> ids,
                                   const std::function<void(size_t, const LogRecord&)>& visit) {
  // Places in `ids`, in the order of the rows.
  std::vector<size_t> places(ids.size());
  std::iota(places.begin(), places.end(), size_t{0});
  std::ranges::stable_sort(places, {}, [&](size_t place) { return ids[place]; });
  std::vector<RowId> sorted;
  sorted.reserve(ids.size());
  for (const size_t place : places) sorted.push_back(ids[place]);

  return readers_.With([&](Connection& connection) -> absl::Status {
    for (size_t begin = 0; begin < sorted.size(); begin += kFetchedAtOnce) {
      const auto wanted =
          std::span(sorted).subspan(begin, std::min(kFetchedAtOnce, sorted.size() - begin));
      RETURN_IF_ERROR(connection.Stream(
          Statement()
              .Text("SELECT " KVSHIM_MYSQL_INDEX_COLUMNS ", value FROM kv_log WHERE ")
              .Text(AnyOf(wanted)),
          [&](const Row& row) {
            const LogRecord record = ReadRow(row, true);
            const auto [first, last] = std::ranges::equal_range(wanted, record.id);
            for (auto it = first; it != last; ++it) {
              visit(places[begin + static_cast<size_t>(it - wanted.begin())], record);
            }
            return true;
          }));
    }
    return absl::OkStatus();
  });
}

absl::Status ServerDatabase::ReadRows(int64_t from, int64_t to,
                                      const std::function<bool(const LogRecord&)>& visit) {
  return readers_.With([&](Connection& connection) {
    return connection.Stream(
        base::Concat("SELECT " KVSHIM_MYSQL_INDEX_COLUMNS ", value FROM kv_log WHERE rev >= ", from,
                     " AND rev <= ", to, " ORDER BY rev, sub"),
        [&](const Row& row) { return visit(ReadRow(row, true)); });
  });
}

absl::Status ServerDatabase::ReadRowsWithoutValues(
    RowId after, int64_t to, int64_t limit, const std::function<void(const LogRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(Result found,
                     connection.Execute(base::Concat(
                         "SELECT " KVSHIM_MYSQL_INDEX_COLUMNS " FROM kv_log WHERE rev >= ",
                         after.revision, " AND rev <= ", to, " AND (rev > ", after.revision,
                         " OR sub > ", after.sub, ") ORDER BY rev, sub LIMIT ", limit)));
    while (const std::optional<Row> row = found.Next()) visit(ReadRow(*row, false));
    return absl::OkStatus();
  });
}

absl::Status ServerDatabase::ReadBatches(int64_t from, int64_t limit,
                                         const std::function<bool(const BatchRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(Result found,
                     connection.Execute(base::Concat(
                         "SELECT " KVSHIM_MYSQL_BATCH_COLUMNS " FROM kv_batch WHERE seq >= ", from,
                         " ORDER BY seq LIMIT ", limit)));
    // Whoever reads on from a batch that it knows may believe those that follow.
    if (found.rows() > 1) RETURN_IF_ERROR(MakeReadsDurable(connection));
    while (const std::optional<Row> row = found.Next()) {
      if (!visit(ReadBatch(*row))) break;
    }
    return absl::OkStatus();
  });
}

absl::Status ServerDatabase::ReadLeases(const std::function<void(const LeaseRecord&)>& visit) {
  return readers_.With([&](Connection& connection) {
    return VisitLeases(connection, [&](const LeaseRecord& lease) {
      visit(lease);
      return absl::OkStatus();
    });
  });
}

}  // namespace kvshim::sql::mysql
