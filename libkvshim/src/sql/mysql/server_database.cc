#include "sql/mysql/server_database.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/mysql/database.h"
#include "sql/mysql/schema.h"

namespace kvshim::sql::mysql {
namespace {

// What a row takes beside its key and value.
constexpr int64_t kRowBytes = 128;

constexpr char kTables[] = "kv_meta, kv_batch, kv_log, kv_lease, kv_lock, kv_owner, kv_server";

// Statements of upkeep answer with rows: table, operation, kind of message, message.
absl::Status VisitComplaints(Connection& connection, std::string_view statement,
                             const std::function<void(std::string_view)>& visit) {
  ASSIGN_OR_RETURN(Result messages, connection.Execute(statement));
  while (const std::optional<Row> row = messages.Next()) {
    const std::string_view kind = row->Bytes(2);
    if (kind == "status" || kind == "note" || kind == "info") continue;
    visit(base::Concat(row->Bytes(0), ": ", row->Bytes(3)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions hooks) {
  ASSIGN_OR_RETURN(Options options, Options::FromDsn(dsn, hooks.network));
  return std::make_unique<ServerDatabase>(std::move(options), std::move(hooks));
}

ServerDatabase::ServerDatabase(Options options, DatabaseOptions hooks)
    : options_(std::move(options)),
      patient_([this] {
        Options patient = options_;
        patient.network.timeout = std::chrono::hours(1);
        return patient;
      }()),
      hooks_(std::move(hooks)),
      readers_(options_.network.connections, [this] { return Connect(Role::kReader); }),
      counters_(hooks_.on_commit) {}

absl::StatusOr<std::unique_ptr<Connection>> ServerDatabase::Connect(Role role) {
  ASSIGN_OR_RETURN(auto connection, OpenSession(options_, traits_, role));
  durable_.store(connection->server().durable);
  return connection;
}

absl::Status ServerDatabase::Prepare(const Genesis& genesis) {
  RETURN_IF_ERROR(PrepareDatabase(options_, traits_));
  ASSIGN_OR_RETURN(auto connection, Connect(Role::kReader));
  return PrepareSchema(*connection, genesis);
}

void ServerDatabase::Disconnect() {
  readers_.Clear();
  reconnect_.store(true);
}

// The server counts the pages in use every ten seconds at best, and only where a tenth has changed.
// What this process has written since the last count is added, as the quota asks after each put;
// free pages are always told as they are.
absl::StatusOr<DatabaseSize> ServerDatabase::Size() {
  return readers_.With([this](Connection& connection) -> absl::StatusOr<DatabaseSize> {
    const int64_t written = counters_.bytes() + counters_.rows() * kRowBytes;
    ASSIGN_OR_RETURN(Result size,
                     connection.Execute("SELECT SUM(DATA_LENGTH + INDEX_LENGTH), SUM(DATA_FREE) "
                                        "FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                                        "DATABASE() AND TABLE_NAME IN ('kv_log', 'kv_batch')"));
    const std::optional<Row> row = size.Next();
    if (!row.has_value()) return DatabaseSize{};
    base::MutexLock lock(size_mutex_);
    if (counted_ != row->Int(0)) {
      counted_ = row->Int(0);
      written_when_counted_ = written;
    }
    const int64_t in_use = counted_ + std::max<int64_t>(0, written - written_when_counted_);
    return DatabaseSize{.total = in_use + row->Int(1), .in_use = in_use};
  });
}

absl::Status ServerDatabase::Defragment() {
  ASSIGN_OR_RETURN(auto connection, OpenSession(patient_, traits_, Role::kReader));
  // While it waits for the tables, appends wait for it.
  RETURN_IF_ERROR(connection->Execute("SET SESSION lock_wait_timeout = 2").status());
  absl::Status status;
  RETURN_IF_ERROR(VisitComplaints(
      *connection, "OPTIMIZE TABLE kv_log, kv_batch", [&](std::string_view complaint) {
        status = MakeError(ErrorKind::kBusy, options_.name, "OPTIMIZE TABLE", complaint, 0);
      }));
  return status;
}

absl::Status ServerDatabase::CheckStructure(const std::function<void(std::string_view)>& visit) {
  ASSIGN_OR_RETURN(auto connection, OpenSession(patient_, traits_, Role::kReader));
  return VisitComplaints(*connection, base::Concat("CHECK TABLE ", kTables), visit);
}

}  // namespace kvshim::sql::mysql
