// The reads of ServerDatabase.
#include <algorithm>

#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/error.h"
#include "sql/postgres/schema.h"
#include "sql/postgres/server_database.h"

namespace kvshim::sql::postgres {
namespace {

#define KVSHIM_PG_INDEX_COLUMNS "rev, sub, key, kind, create_rev, version, lease, vlen"

// From a row of those columns, and `value` where `with_value`.
template <typename Field>
LogRecord ReadRow(Field field, bool with_value) {
  return {.id = {ReadNumber(field(0)), static_cast<uint32_t>(ReadNumber(field(1)))},
          .key = field(2),
          .tombstone = ReadNumber(field(3)) != 0,
          .create_revision = ReadNumber(field(4)),
          .version = ReadNumber(field(5)),
          .lease = ReadNumber(field(6)),
          .value_size = ReadNumber(field(7)),
          .value = with_value ? field(8) : std::string_view()};
}

absl::Status VisitHead(Connection& connection,
                       const std::function<absl::Status(const BatchRecord&)>& visit) {
  ASSIGN_OR_RETURN(const Result head, connection.Execute("SELECT " KVSHIM_PG_BATCH_COLUMNS
                                                         " FROM kv_batch ORDER BY seq DESC LIMIT 1",
                                                         {}));
  if (head.rows() == 1) return visit(ReadBatch(head, 0));
  return MakeError(ErrorKind::kCorrupt, connection.name(), "reading the newest batch",
                   "kv_batch is empty", "");
}

absl::Status VisitLeases(Connection& connection,
                         const std::function<absl::Status(const LeaseRecord&)>& visit) {
  ASSIGN_OR_RETURN(const Result leases,
                   connection.Execute("SELECT id, ttl, renew FROM kv_lease ORDER BY id", {}));
  for (int row = 0; row < leases.rows(); ++row) {
    RETURN_IF_ERROR(
        visit({.id = leases.Int(row, 0), .ttl = leases.Int(row, 1), .renew = leases.Int(row, 2)}));
  }
  return absl::OkStatus();
}

absl::Status LoadFrom(Connection& connection, TableVisitor& visitor) {
  RETURN_IF_ERROR(connection.ExecuteScript("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  RETURN_IF_ERROR(
      VisitHead(connection, [&](const BatchRecord& batch) { return visitor.OnHead(batch); }));
  ASSIGN_OR_RETURN(const Result meta,
                   connection.Execute("SELECT name, value FROM kv_meta ORDER BY name", {}));
  for (int row = 0; row < meta.rows(); ++row) {
    RETURN_IF_ERROR(visitor.OnMeta(meta.Bytes(row, 0), meta.Bytes(row, 1)));
  }
  RETURN_IF_ERROR(
      VisitLeases(connection, [&](const LeaseRecord& lease) { return visitor.OnLease(lease); }));
  RETURN_IF_ERROR(
      connection.Copy("SELECT " KVSHIM_PG_INDEX_COLUMNS " FROM kv_log ORDER BY rev, sub",
                      [&](Connection::Fields fields) {
                        visitor.OnRow(ReadRow([&](size_t i) { return fields[i]; }, false));
                        return true;
                      }));
  return connection.ExecuteScript("COMMIT");
}

}  // namespace

absl::Status ServerDatabase::Load(TableVisitor& visitor) {
  ASSIGN_OR_RETURN(auto connection, Connect());
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
    ASSIGN_OR_RETURN(
        const Result found,
        connection.Execute("SELECT value FROM kv_meta WHERE name = $1", Parameters().Text(name)));
    if (found.rows() == 0) return std::nullopt;
    return std::string(found.Bytes(0, 0));
  });
}

absl::Status ServerDatabase::Fetch(std::span<const RowId> ids,
                                   const std::function<void(size_t, const LogRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    // By exact keys whatever the planner thinks of the table.
    ASSIGN_OR_RETURN(
        const Result found,
        connection.Execute(
            "SELECT l.*, w.place FROM unnest($1::int8[], $2::int4[]) WITH ORDINALITY AS "
            "w (wanted_rev, wanted_sub, place), LATERAL (SELECT " KVSHIM_PG_INDEX_COLUMNS
            ", value FROM kv_log WHERE rev = wanted_rev AND sub = wanted_sub OFFSET 0) AS l",
            Parameters()
                .Int8Array(ids.size(), [&](size_t i) { return ids[i].revision; })
                .Int4Array(ids.size(), [&](size_t i) { return ids[i].sub; })));
    for (int row = 0; row < found.rows(); ++row) {
      const auto field = [&](int i) { return found.Bytes(row, i); };
      visit(static_cast<size_t>(found.Int(row, 9) - 1), ReadRow(field, true));
    }
    return absl::OkStatus();
  });
}

absl::Status ServerDatabase::ReadRows(int64_t from, int64_t to,
                                      const std::function<bool(const LogRecord&)>& visit) {
  return readers_.With([&](Connection& connection) {
    return connection.Copy(
        base::Concat("SELECT " KVSHIM_PG_INDEX_COLUMNS ", value FROM kv_log WHERE rev >= ", from,
                     " AND rev <= ", to, " ORDER BY rev, sub"),
        [&](Connection::Fields fields) {
          return visit(ReadRow([&](size_t i) { return fields[i]; }, true));
        });
  });
}

absl::Status ServerDatabase::ReadRowsWithoutValues(
    RowId after, int64_t to, int64_t limit, const std::function<void(const LogRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        const Result found,
        connection.Execute("SELECT " KVSHIM_PG_INDEX_COLUMNS
                           " FROM kv_log WHERE (rev, sub) > ($1, $2::int8) AND "
                           "rev <= $3 ORDER BY rev, sub LIMIT $4",
                           Parameters().Int8(after.revision).Int8(after.sub).Int8(to).Int8(limit)));
    for (int row = 0; row < found.rows(); ++row) {
      visit(ReadRow([&](int i) { return found.Bytes(row, i); }, false));
    }
    return absl::OkStatus();
  });
}

absl::Status ServerDatabase::ReadBatches(int64_t from, int64_t limit,
                                         const std::function<bool(const BatchRecord&)>& visit) {
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const Result found,
                     connection.Execute("SELECT " KVSHIM_PG_BATCH_COLUMNS
                                        " FROM kv_batch WHERE seq >= $1 ORDER BY seq LIMIT $2",
                                        Parameters().Int8(from).Int8(limit)));
    for (int row = 0; row < found.rows(); ++row) {
      if (!visit(ReadBatch(found, row))) break;
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

}  // namespace kvshim::sql::postgres
