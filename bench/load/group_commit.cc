#include "group_commit.h"

#include <libpq-fe.h>
#include <mysql.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "keyspace.h"

namespace kvshim::bench {
namespace {

// A table in a database, and how `rows` rows come into it durably.
class Table {
 public:
  virtual ~Table() = default;
  virtual absl::Status Insert() = 0;
};

// "?, ?, ..." within an INSERT of several rows; `mark` is what a parameter looks like.
std::string InsertOf(int rows, const std::vector<std::string>& marks) {
  std::string text = "INSERT INTO bench_rows (value) VALUES ";
  for (int i = 0; i < rows; ++i) {
    text += base::Concat(i == 0 ? "(" : ",(", marks[static_cast<size_t>(i) % marks.size()], ")");
  }
  return text;
}

class SqliteTable final : public Table {
 public:
  static absl::StatusOr<std::unique_ptr<Table>> Open(const std::filesystem::path& folder, int rows,
                                                     size_t value_size) {
    auto table = std::make_unique<SqliteTable>();
    table->value_ = ValueOf(value_size);
    sqlite3_open((folder / "rows.db").c_str(), &table->handle_);
    RETURN_IF_ERROR(
        table->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "CREATE TABLE bench_rows (id INTEGER PRIMARY KEY, value BLOB)"));
    const std::string insert = InsertOf(rows, {"?"});
    sqlite3_prepare_v2(table->handle_, insert.c_str(), -1, &table->insert_, nullptr);
    for (int i = 1; i <= rows; ++i) {
      sqlite3_bind_blob(table->insert_, i, table->value_.data(),
                        static_cast<int>(table->value_.size()), SQLITE_STATIC);
    }
    return table;
  }
  ~SqliteTable() override {
    sqlite3_finalize(insert_);
    sqlite3_close(handle_);
  }
  absl::Status Insert() override {
    const int code = sqlite3_step(insert_);
    sqlite3_reset(insert_);
    return code == SQLITE_DONE ? absl::OkStatus() : Failure();
  }

 private:
  absl::Status Execute(const char* statements) {
    const int code = sqlite3_exec(handle_, statements, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? absl::OkStatus() : Failure();
  }
  absl::Status Failure() const {
    return absl::InternalError(base::Concat("SQLite: ", sqlite3_errmsg(handle_)));
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::string value_;
};

class PostgresTable final : public Table {
 public:
  static absl::StatusOr<std::unique_ptr<Table>> Open(const DatabaseServer& server, int rows,
                                                     size_t value_size) {
    auto table = std::make_unique<PostgresTable>();
    table->value_ = ValueOf(value_size);
    table->handle_ = PQconnectdb(server.Dsn("postgres").c_str());
    RETURN_IF_ERROR(table->Take(
        PQexec(table->handle_, "CREATE TABLE bench_rows (id bigserial PRIMARY KEY, value bytea)")));
    std::vector<std::string> marks;
    for (int i = 1; i <= rows; ++i) marks.push_back(base::Concat("$", i, "::bytea"));
    RETURN_IF_ERROR(table->Take(
        PQprepare(table->handle_, "insert", InsertOf(rows, marks).c_str(), rows, nullptr)));
    table->values_.assign(static_cast<size_t>(rows), table->value_.data());
    table->sizes_.assign(static_cast<size_t>(rows), static_cast<int>(value_size));
    table->formats_.assign(static_cast<size_t>(rows), 1);
    return table;
  }
  ~PostgresTable() override { PQfinish(handle_); }
  absl::Status Insert() override {
    return Take(PQexecPrepared(handle_, "insert", static_cast<int>(values_.size()), values_.data(),
                               sizes_.data(), formats_.data(), 1));
  }

 private:
  absl::Status Take(PGresult* result) {
    const bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (ok) return absl::OkStatus();
    return absl::InternalError(base::Concat("PostgreSQL: ", PQerrorMessage(handle_)));
  }

  PGconn* handle_ = nullptr;
  std::string value_;
  std::vector<const char*> values_;
  std::vector<int> sizes_, formats_;
};

class MariaDbTable final : public Table {
 public:
  static absl::StatusOr<std::unique_ptr<Table>> Open(const DatabaseServer& server, int rows,
                                                     size_t value_size) {
    auto table = std::make_unique<MariaDbTable>();
    table->handle_ = mysql_init(nullptr);
    mysql_real_connect(table->handle_, "127.0.0.1", DatabaseServer::kUser,
                       DatabaseServer::kPassword, nullptr, static_cast<unsigned>(server.port()),
                       nullptr, 0);
    RETURN_IF_ERROR(table->Execute("CREATE DATABASE bench_rows"));
    RETURN_IF_ERROR(table->Execute("USE bench_rows"));
    RETURN_IF_ERROR(table->Execute(
        "CREATE TABLE bench_rows (id bigint AUTO_INCREMENT PRIMARY KEY, value mediumblob)"));
    const std::string value = ValueOf(value_size);
    std::string escaped(2 * value.size() + 1, '\0');
    escaped.resize(
        mysql_real_escape_string(table->handle_, escaped.data(), value.data(), value.size()));
    table->insert_ = InsertOf(rows, {base::Concat("_binary'", escaped, "'")});
    return table;
  }
  ~MariaDbTable() override { mysql_close(handle_); }
  absl::Status Insert() override { return Execute(insert_); }

 private:
  absl::Status Execute(const std::string& statement) {
    if (mysql_real_query(handle_, statement.data(), statement.size()) == 0) {
      return absl::OkStatus();
    }
    return absl::InternalError(base::Concat("MariaDB: ", mysql_error(handle_)));
  }

  MYSQL* handle_ = nullptr;
  std::string insert_;
};

}  // namespace

absl::StatusOr<Result> RunGroupCommit(Engine engine, const std::filesystem::path& folder, int rows,
                                      size_t value_size, std::chrono::milliseconds duration) {
  std::unique_ptr<DatabaseServer> server;
  if (engine != Engine::kSqlite) {
    RETURN_IF_ERROR(DatabaseServer::Create(engine, folder));
    ASSIGN_OR_RETURN(server, DatabaseServer::Start(engine, folder));
  }
  ASSIGN_OR_RETURN(const auto table,
                   engine == Engine::kSqlite     ? SqliteTable::Open(folder, rows, value_size)
                   : engine == Engine::kPostgres ? PostgresTable::Open(*server, rows, value_size)
                                                 : MariaDbTable::Open(*server, rows, value_size));
  Recorder recorder;
  ProcessGroup processes;
  if (server != nullptr) processes.database = server->pid();
  Meter meter(processes);
  RETURN_IF_ERROR(meter.Begin());
  recorder.Begin();
  auto now = std::chrono::steady_clock::now();
  const auto end = now + duration;
  while (now < end) {
    const auto begin = now;
    RETURN_IF_ERROR(table->Insert());
    now = std::chrono::steady_clock::now();
    for (int row = 0; row < rows; ++row) recorder.Add(now - begin, now);
  }
  recorder.End();
  RETURN_IF_ERROR(meter.End());
  return MakeResult(recorder, meter);
}

}  // namespace kvshim::bench
