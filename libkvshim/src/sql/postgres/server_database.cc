#include "sql/postgres/server_database.h"

#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/database.h"
#include "sql/postgres/error.h"
#include "sql/postgres/schema.h"

namespace kvshim::sql::postgres {

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions hooks) {
  ASSIGN_OR_RETURN(Options options, Options::FromDsn(dsn, hooks.network));
  return std::make_unique<ServerDatabase>(std::move(options), std::move(hooks));
}

ServerDatabase::ServerDatabase(Options options, DatabaseOptions hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      readers_(options_.network.connections, [this] { return Connect(); }),
      counters_(hooks_.on_commit) {}

// lock_timeout ends a wait for the lock row before our own deadline would leave its outcome open;
// the other frees the row of a server that froze in its turn. Behind a pooler they may end up in
// another session: then only the deadlines hold.
absl::StatusOr<std::unique_ptr<Connection>> ServerDatabase::Connect() {
  const Lineage before = lineage();
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, traits_));
  // What is connected to the server before must not go on there.
  if (before.IsReplacedBy(connection->lineage())) Disconnect();
  const auto milliseconds = options_.network.timeout.count();
  RETURN_IF_ERROR(connection->ExecuteScript(
      base::Concat("SET lock_timeout = ", milliseconds * 3 / 5,
                   "; SET idle_in_transaction_session_timeout = ", milliseconds * 2)));
  product_.store(connection->product());
  if (connection->product() != Product::kPostgres) return connection;
  ASSIGN_OR_RETURN(const Result settings,
                   connection->Execute("SELECT (current_setting('fsync')::bool AND "
                                       "current_setting('full_page_writes')::bool AND "
                                       "current_setting('synchronous_commit') <> 'off')::int",
                                       {}));
  durable_.store(settings.Int(0, 0) != 0);
  return connection;
}

Lineage ServerDatabase::lineage() {
  base::MutexLock lock(traits_.mutex);
  return traits_.reached;
}

void ServerDatabase::RefuseBefore(const Lineage& lineage) {
  {
    base::MutexLock lock(traits_.mutex);
    if (lineage.system.empty() || !traits_.required.IsReplacedBy(lineage)) return;
    traits_.required = lineage;
    // Some host may be the one that is wanted.
    traits_.surveyed.reset();
  }
  Disconnect();
}

absl::Status ServerDatabase::Prepare(const Genesis& genesis) {
  RETURN_IF_ERROR(PrepareDatabase(options_, traits_));
  ASSIGN_OR_RETURN(auto connection, Connect());
  return PrepareSchema(*connection, genesis);
}

void ServerDatabase::Disconnect() {
  readers_.Clear();
  reconnect_.store(true);
}

absl::StatusOr<DatabaseSize> ServerDatabase::Size() {
  if (product_.load() == Product::kCockroach) return DatabaseSize{};  // it would count its ranges
  return readers_.With([](Connection& connection) -> absl::StatusOr<DatabaseSize> {
    ASSIGN_OR_RETURN(const Result size,
                     connection.Execute("SELECT pg_total_relation_size('kv_log') + "
                                        "pg_total_relation_size('kv_batch')",
                                        {}));
    const int64_t bytes = size.Int(0, 0);
    return DatabaseSize{.total = bytes, .in_use = bytes};
  });
}

absl::Status ServerDatabase::Defragment() {
  if (product_.load() != Product::kPostgres) return absl::OkStatus();  // they do it by themselves
  Options patient = options_;
  patient.network.timeout = std::chrono::hours(1);
  ASSIGN_OR_RETURN(auto connection, Connection::Open(patient, traits_));
  RETURN_IF_ERROR(connection->ExecuteScript("VACUUM FULL kv_log"));
  return connection->ExecuteScript("VACUUM FULL kv_batch");
}

absl::Status ServerDatabase::CheckStructure(
    const std::function<void(std::string_view)>& /*visit*/) {
  return absl::OkStatus();
}

void ServerDatabase::Listen(std::function<void(int64_t)> on_news) {
  base::MutexLock lock(news_mutex_);
  news_ = std::make_unique<News>(options_, traits_, std::move(on_news));
}

void ServerDatabase::Announce(int64_t seq) {
  base::MutexLock lock(news_mutex_);
  if (news_ != nullptr) news_->Announce(seq);
}

}  // namespace kvshim::sql::postgres
