#include "sql/mysql/session.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/mysql/statement.h"

namespace kvshim::sql::mysql {
namespace {

using base::Concat;

constexpr unsigned kAccessDenied = 1045;
constexpr unsigned kAccessDeniedToDatabase = 1044;
constexpr unsigned kUnknownDatabase = 1049;

class Variables {
 public:
  static absl::StatusOr<Variables> Read(Connection& connection, std::string_view query) {
    ASSIGN_OR_RETURN(Result result, connection.Execute(query));
    Variables variables;
    while (const std::optional<Row> row = result.Next()) {
      variables.values_.emplace(row->Bytes(0), row->Bytes(1));
    }
    return variables;
  }

  bool Has(const std::string& name) const { return values_.contains(name); }
  std::string Text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  int64_t Number(const std::string& name, int64_t fallback) const {
    const std::string text = Text(name);
    std::from_chars(text.data(), text.data() + text.size(), fallback);
    return fallback;
  }
  // Off, where there is no such variable.
  bool On(const std::string& name) const {
    const std::string text = Text(name);
    return !text.empty() && text != "OFF" && text != "0";
  }

 private:
  std::map<std::string, std::string> values_;
};

// What may be lost with the power, or nothing.
std::string Weakness(const Variables& variables) {
  if (variables.Number("innodb_flush_log_at_trx_commit", 1) % 2 == 0) {
    return "innodb_flush_log_at_trx_commit is not 1";
  }
  // A commit that the binary log has lost is rolled back by the recovery.
  if (variables.On("log_bin") && variables.Number("sync_binlog", 1) != 1) {
    return "there is a binary log and sync_binlog is not 1";
  }
  if (variables.Text("innodb_doublewrite") == "OFF") return "innodb_doublewrite is OFF";
  return "";
}

absl::Status CheckGalera(Connection& connection, const Host& host) {
  ASSIGN_OR_RETURN(const Variables status,
                   Variables::Read(connection,
                                   "SHOW GLOBAL STATUS WHERE Variable_name IN "
                                   "('wsrep_ready', 'wsrep_cluster_status')"));
  if (status.Text("wsrep_ready") == "ON" && status.Text("wsrep_cluster_status") == "Primary") {
    return absl::OkStatus();
  }
  return MakeError(ErrorKind::kIo, connection.name(), Concat("using ", host.Name()),
                   "the node is not in the cluster's primary part", 0);
}

void Announce(const Connection& connection, const Server& server, std::string_view weakness,
              SessionTraits& traits) {
  {
    base::MutexLock lock(traits.mutex);
    if (traits.server == server.identity) return;
    traits.server = server.identity;
  }
  base::Log(base::Level::kInfo, "connected to a database server",
            {{"database", connection.name()}, {"server", server.identity}});
  if (weakness.empty()) return;
  base::Log(base::Level::kWarning, "the database server may lose commits with the power",
            {{"database", connection.name()}, {"why", weakness}});
}

// Makes sure that the server takes writes, and sets the session.
absl::Status Begin(Connection& connection, const Options& options, const Host& host, Role role,
                   SessionTraits& traits) {
  ASSIGN_OR_RETURN(
      const Variables variables,
      Variables::Read(connection,
                      "SHOW VARIABLES WHERE Variable_name IN ('version', 'hostname', 'port', "
                      "'server_id', 'read_only', 'super_read_only', 'max_allowed_packet', "
                      "'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', "
                      "'sync_binlog', 'wsrep_on', 'wsrep_sync_wait', 'idle_transaction_timeout', "
                      "'information_schema_stats_expiry')"));
  if (variables.On("read_only") || variables.On("super_read_only")) {
    return MakeError(ErrorKind::kReadOnly, options.name, Concat("using ", host.Name()),
                     "the server is read-only", 0);
  }
  const bool galera = variables.On("wsrep_on");
  if (galera) RETURN_IF_ERROR(CheckGalera(connection, host));

  Server& server = connection.server();
  server.max_packet = variables.Number("max_allowed_packet", server.max_packet);
  server.identity = Concat(variables.Text("hostname"), ":", variables.Text("port"), " (server_id ",
                           variables.Text("server_id"), "), ", variables.Text("version"),
                           galera ? ", Galera" : "");
  server.compound = galera || options.compound;
  const std::string weakness = Weakness(variables);
  server.durable = weakness.empty();
  server.shows_early = server.durable && !galera && !variables.On("log_bin");
  Announce(connection, server, weakness, traits);

  // A wait for the lock ends before our own limit would leave its outcome open. The idle limit
  // frees the lock of a server that froze in its turn, or was cut off; MySQL has none for
  // transactions alone, and an appender that it has closed is opened again.
  const int64_t milliseconds = options.network.timeout.count();
  const int64_t patience = std::max<int64_t>(1, milliseconds * 3 / 5000);
  std::string settings = Concat(
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, "
      "innodb_lock_wait_timeout = ",
      patience, ", lock_wait_timeout = ", patience);
  const int64_t idle = std::max<int64_t>(1, (milliseconds + 999) / 1000);
  if (variables.Has("idle_transaction_timeout")) {
    settings += Concat(", idle_transaction_timeout = ", idle);
  } else if (role == Role::kAppender) {
    settings += Concat(", wait_timeout = ", idle);
  }
  if (galera && variables.Has("wsrep_sync_wait")) {
    settings += Concat(", wsrep_sync_wait = ", role == Role::kAppender ? 0 : 1);
  }
  if (variables.Has("information_schema_stats_expiry")) {
    settings += ", information_schema_stats_expiry = 0";
  }
  settings += "; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
  return connection.Run(settings).status();
}

absl::StatusOr<std::unique_ptr<Connection>> OpenAt(const Options& options, SessionTraits& traits,
                                                   const Host& host, const std::string& database,
                                                   Role role, unsigned& code) {
  const size_t count = options.passwords.size();
  const size_t first = traits.password.load();
  for (size_t i = 0;; ++i) {
    const size_t at = (first + i) % count;
    code = 0;
    auto connection = Connection::Connect(options, host, options.passwords[at], database, code);
    if (!connection.ok()) {
      if (code == kAccessDenied && i + 1 < count) continue;
      return connection.status();
    }
    traits.password.store(at);
    RETURN_IF_ERROR(Begin(**connection, options, host, role, traits));
    return connection;
  }
}

// `code` gets the number of the error that is returned.
absl::StatusOr<std::unique_ptr<Connection>> OpenAny(const Options& options, SessionTraits& traits,
                                                    const std::string& database, Role role,
                                                    unsigned& code) {
  const size_t count = options.hosts.size();
  const size_t first = traits.host.load();
  absl::Status failure;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (first + i) % count;
    unsigned this_code = 0;
    auto connection = OpenAt(options, traits, options.hosts[at], database, role, this_code);
    if (connection.ok()) {
      traits.host.store(at);
      return connection;
    }
    // What tells most: a server that answered before one that did not.
    if (failure.ok() || (sql::KindOf(failure) == ErrorKind::kIo &&
                         sql::KindOf(connection.status()) != ErrorKind::kIo)) {
      failure = connection.status();
      code = this_code;
    }
  }
  return failure;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> OpenSession(const Options& options,
                                                        SessionTraits& traits, Role role) {
  unsigned code = 0;
  return OpenAny(options, traits, options.database, role, code);
}

absl::Status PrepareDatabase(const Options& options, SessionTraits& traits) {
  unsigned code = 0;
  const absl::Status direct =
      OpenAny(options, traits, options.database, Role::kReader, code).status();
  if (code != kUnknownDatabase && code != kAccessDeniedToDatabase) return direct;
  ASSIGN_OR_RETURN(auto connection, OpenAny(options, traits, "", Role::kReader, code));
  const std::string database = Identifier(options.database);
  const absl::Status created =
      connection->Execute(Concat("CREATE DATABASE IF NOT EXISTS ", database)).status();
  if (created.ok()) {
    base::Log(base::Level::kInfo, "created the database", {{"database", options.name}});
    return OpenSession(options, traits, Role::kReader).status();
  }
  return MakeError(
      sql::KindOf(created), options.name, "creating it",
      Concat(base::FromAbsl(created.message()), "; or create it by hand: CREATE DATABASE ",
             database, ", and GRANT ALL ON ", database, ".* to this user"),
      0);
}

}  // namespace kvshim::sql::mysql
