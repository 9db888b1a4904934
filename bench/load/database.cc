#include "database.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "port.h"

namespace kvshim::bench {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::milliseconds kPoll{10};
constexpr int kConnections = 400;
constexpr const char* kUser = DatabaseServer::kUser;
constexpr const char* kPassword = DatabaseServer::kPassword;

// Debian keeps PostgreSQL's programs off the PATH, where its wrappers are.
std::string PostgresProgram(const std::string& name) {
  std::error_code ignored;
  std::vector<std::string> found;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    std::string program = FindProgram((version.path() / "bin" / name).string());
    if (!program.empty()) found.push_back(std::move(program));
  }
  return found.empty() ? FindProgram(name) : *std::ranges::max_element(found);
}

std::string MariaDbProgram(const std::string& name) {
  std::string program = FindProgram(name);
  return program.empty() ? FindProgram("/usr/sbin/" + name) : program;
}

std::string ServerProgram(Engine engine) {
  return engine == Engine::kPostgres ? PostgresProgram("postgres") : MariaDbProgram("mariadbd");
}

absl::StatusOr<Account> AccountFor(Engine engine) {
  return AccountOf(engine == Engine::kPostgres ? "postgres" : "mysql");
}

absl::Status Write(const std::filesystem::path& path, const std::string& text,
                   const Account& account) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) return absl::PermissionDeniedError("cannot write " + path.string());
  return GiveTo(path, account);
}

absl::Status CreatePostgres(const std::filesystem::path& folder, const Account& account) {
  const std::filesystem::path password = folder / "password";
  RETURN_IF_ERROR(Write(password, base::Concat(kPassword, "\n"), account));
  return RunToEnd({{PostgresProgram("initdb"), "--pgdata", "data", "--no-instructions",
                    "--username", kUser, "--pwfile", "password", "--auth", "scram-sha-256",
                    "--encoding", "UTF8", "--locale", "C.UTF-8"},
                   folder,
                   account});
}

absl::Status CreateMariaDb(const std::filesystem::path& folder, const Account& account) {
  std::filesystem::create_directory(folder / "data");
  RETURN_IF_ERROR(GiveTo(folder / "data", account));
  // Read at each start, before the first connection is taken.
  RETURN_IF_ERROR(Write(folder / "users.sql",
                        base::Concat("CREATE USER IF NOT EXISTS ", kUser, "@'%' IDENTIFIED BY '",
                                     kPassword, "';\nGRANT ALL ON *.* TO ", kUser, "@'%';\n",
                                     "DROP USER IF EXISTS root@'127.0.0.1', root@localhost;\n"),
                        account));
  return RunToEnd(
      {{MariaDbProgram("mariadb-install-db"), "--no-defaults",
        "--datadir=" + (folder / "data").string(), "--auth-root-authentication-method=normal",
        "--skip-test-db", "--skip-name-resolve"},
       folder,
       account});
}

std::vector<std::string> ServerCommand(Engine engine, const std::filesystem::path& folder,
                                       int port) {
  if (engine == Engine::kPostgres) {
    return {ServerProgram(engine),
            "-D",
            "data",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            base::Concat("port=", port),
            "-c",
            "unix_socket_directories=",
            "-c",
            base::Concat("max_connections=", kConnections)};
  }
  return {ServerProgram(engine),
          "--no-defaults",
          "--datadir=" + (folder / "data").string(),
          "--bind-address=127.0.0.1",
          base::Concat("--port=", port),
          "--socket=" + (folder / "s").string(),
          "--pid-file=" + (folder / "pid").string(),
          "--tmpdir=" + folder.string(),
          "--init-file=" + (folder / "users.sql").string(),
          "--innodb-flush-log-at-trx-commit=1",
          "--skip-name-resolve",
          base::Concat("--max-connections=", kConnections)};
}

// PostgreSQL says so in the eighth line of its pid file; MariaDB greets once it takes connections.
bool Ready(Engine engine, const std::filesystem::path& folder, int port, pid_t pid) {
  if (engine == Engine::kMariaDb) {
    const std::string greeting = Greeting(port);
    return greeting.size() > 4 && greeting[4] == 10;
  }
  std::ifstream file(folder / "data" / "postmaster.pid");
  std::string line;
  bool ours = false;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number == 1) ours = line == std::to_string(pid);
    if (number == 8) return ours && line.rfind("ready", 0) == 0;
  }
  return false;
}

}  // namespace

std::string NameOf(Engine engine) {
  switch (engine) {
    case Engine::kSqlite:
      return "SQLite";
    case Engine::kPostgres:
      return "PostgreSQL";
    case Engine::kMariaDb:
      return "MariaDB";
  }
  return "";
}

std::string FlagOf(Engine engine) {
  switch (engine) {
    case Engine::kSqlite:
      return "sqlite";
    case Engine::kPostgres:
      return "postgres";
    case Engine::kMariaDb:
      return "mariadb";
  }
  return "";
}

std::string SettingsOf(Engine engine) {
  if (engine == Engine::kSqlite) return "";
  const std::string same =
      base::Concat("max_connections=", kConnections, ", all else by default (");
  return engine == Engine::kPostgres
             ? same + "fsync, synchronous_commit and full_page_writes on)"
             : same + "innodb_flush_log_at_trx_commit=1, doublewrite on, no binary log)";
}

absl::StatusOr<std::string> VersionOf(Engine engine) {
  if (engine == Engine::kSqlite) return "SQLite";
  const std::string program = ServerProgram(engine);
  if (program.empty()) {
    return absl::NotFoundError(base::Concat(NameOf(engine), "'s server is not installed"));
  }
  std::string version = FirstLineOf({program, "--version"});
  return version.erase(0, version.rfind('/') == std::string::npos ? 0 : version.find("Ver"));
}

absl::StatusOr<std::string> WithDatabase(const std::string& dsn, const std::string& name) {
  const size_t scheme = dsn.find("://");
  if (scheme == std::string::npos) {
    return absl::InvalidArgumentError("a DSN begins with postgres:// or mysql://");
  }
  // Neither a password's percent-encoding nor an address in brackets has a slash after them both.
  const size_t question = std::min(dsn.find('?'), dsn.size());
  const size_t address = dsn.rfind(')', question);
  const size_t from = address == std::string::npos || address < scheme ? scheme + 3 : address;
  const size_t slash = std::min(dsn.find('/', from), question);
  return base::Concat(dsn.substr(0, slash), "/", name, dsn.substr(question));
}

absl::Status DatabaseServer::Create(Engine engine, const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const Account account, AccountFor(engine));
  RETURN_IF_ERROR(GiveTo(folder, account));
  return engine == Engine::kPostgres ? CreatePostgres(folder, account)
                                     : CreateMariaDb(folder, account);
}

absl::StatusOr<std::unique_ptr<DatabaseServer>> DatabaseServer::Start(
    Engine engine, const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const Account account, AccountFor(engine));
  ASSIGN_OR_RETURN(const int port, FreePort());
  std::unique_ptr<DatabaseServer> server(new DatabaseServer(engine, port));
  Command command{ServerCommand(engine, folder, port), folder, account};
  if (engine == Engine::kPostgres) {
    command.stop_signal = SIGINT;    // "fast": ends the sessions and writes a checkpoint
    command.death_signal = SIGQUIT;  // its processes go with it
  }
  ASSIGN_OR_RETURN(server->process_, Process::Start(command));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!Ready(engine, folder, port, server->pid())) {
    if (server->process_->HasEnded()) return server->process_->Failure("ended at its start");
    if (std::chrono::steady_clock::now() > deadline) {
      return server->process_->Failure("does not answer");
    }
    std::this_thread::sleep_for(kPoll);
  }
  return server;
}

std::string DatabaseServer::Dsn(const std::string& name) const {
  return engine_ == Engine::kPostgres
             ? base::Concat("postgres://", kUser, ":", kPassword, "@127.0.0.1:", port_, "/", name,
                            "?sslmode=disable")
             : base::Concat("mysql://", kUser, ":", kPassword, "@tcp(127.0.0.1:", port_, ")/",
                            name);
}

}  // namespace kvshim::bench
