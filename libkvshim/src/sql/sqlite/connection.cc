#include "sql/sqlite/connection.h"

#include <sqlite3.h>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/error.h"

namespace kvshim::sql::sqlite {
namespace {

using base::Concat;

constexpr int64_t kReaderCacheBytes = int64_t{2} << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Options& options, Role role) {
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (role == Role::kWriter) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return absl::ResourceExhaustedError("out of memory opening SQLite");
  std::unique_ptr<Connection> connection(new Connection(handle, options));
  if (code != SQLITE_OK) return connection->Error(code, "opening");
  RETURN_IF_ERROR(connection->SetUp(options, role));
  return connection;
}

absl::Status Connection::SetUp(const Options& options, Role role) {
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
  const int64_t cache = role == Role::kWriter ? options.cache_size : kReaderCacheBytes;
  RETURN_IF_ERROR(Execute(
      Concat("PRAGMA cache_size = -", cache / 1024, "; PRAGMA mmap_size = ", options.mmap_size,
             // Debian's build zeroes deleted rows, which writes every freed page.
             "; PRAGMA secure_delete = 0; PRAGMA cell_size_check = 1"
             "; PRAGMA trusted_schema = 0; PRAGMA wal_autocheckpoint = 0")));
  if (role == Role::kReader) return Execute("PRAGMA query_only = 1");

  // These count for a new file only; an old one keeps what it has.
  RETURN_IF_ERROR(Execute("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL"));
  ASSIGN_OR_RETURN(const std::string mode, Text("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return MakeError(ErrorKind::kOther, path_, "setting it up",
                     "its file system does not support a write-ahead log; use a local one", 0, 0);
  }
  // Past twice the limit (a long snapshot kept it from being reused) the file is cut back.
  RETURN_IF_ERROR(Execute(Concat("PRAGMA synchronous = ", static_cast<int>(options.synchronous),
                                 "; PRAGMA journal_size_limit = ", 2 * options.wal_limit)));
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return absl::OkStatus();
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

Cursor Connection::Use(std::string_view text) {
  if (const auto it = statements_.find(text); it != statements_.end()) return Cursor(*it->second);
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  auto made = std::make_unique<Statement>(*this, statement, code);
  return Cursor(*(statements_[std::string(text)] = std::move(made)));
}

absl::Status Connection::Execute(const std::string& statements) {
  const int code = sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code, statements);
}

absl::Status Connection::SetLazy(bool lazy) {
  if (lazy == lazy_ || synchronous_ < Synchronous::kFull) return absl::OkStatus();
  const Synchronous level = lazy ? Synchronous::kNormal : synchronous_;
  RETURN_IF_ERROR(Execute(Concat("PRAGMA synchronous = ", static_cast<int>(level))));
  lazy_ = lazy;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Connection::Number(const std::string& query) {
  Cursor row = Use(query);
  ASSIGN_OR_RETURN(const bool found, row->Step());
  return found ? row->Int(0) : 0;
}

absl::StatusOr<std::string> Connection::Text(const std::string& query) {
  Cursor row = Use(query);
  ASSIGN_OR_RETURN(const bool found, row->Step());
  return found ? std::string(row->Bytes(0)) : std::string();
}

absl::Status Connection::Error(int code, std::string_view what) {
  const bool current = (sqlite3_errcode(handle_) & 0xff) == (code & 0xff);
  const char* detail = current ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const int primary = code & 0xff;
  const bool from_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ||
                           primary == SQLITE_FULL || primary == SQLITE_READONLY;
  return MakeError(Classify(code), path_, what, detail, code,
                   from_system ? sqlite3_system_errno(handle_) : 0);
}

absl::StatusOr<Transaction> Transaction::Begin(Connection& connection, Mode mode) {
  // A leftover of a rollback that failed would make BEGIN fail for good.
  if (sqlite3_get_autocommit(connection.handle()) == 0) {
    RETURN_IF_ERROR(connection.Execute("ROLLBACK"));
  }
  if (mode != Mode::kRead) RETURN_IF_ERROR(connection.SetLazy(mode == Mode::kWriteLazily));
  Cursor begin = connection.Use(mode == Mode::kRead ? "BEGIN" : "BEGIN IMMEDIATE");
  RETURN_IF_ERROR(begin->Run());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr || sqlite3_get_autocommit(connection_->handle()) != 0) return;
  connection_->Use("ROLLBACK")->RawStep();
}

absl::Status Transaction::Commit() {
  Connection& connection = *connection_;
  const int code = connection.Use("COMMIT")->RawStep();
  if (code == SQLITE_DONE) {
    connection_ = nullptr;
    return absl::OkStatus();
  }
  const ErrorKind kind = ClassifyCommit(code);
  return MakeError(kind, connection.path(), "COMMIT", sqlite3_errmsg(connection.handle()), code,
                   sqlite3_system_errno(connection.handle()));
}

}  // namespace kvshim::sql::sqlite
