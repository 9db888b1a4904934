// Connection: one open handle on a SQLite file, with its prepared statements.
//
// Thread safety: one thread at a time; pass it on only with the lock or pool that owns it.
//
//   ASSIGN_OR_RETURN(auto connection, Connection::Open(options, Connection::Role::kReader));
//   RETURN_IF_ERROR(connection->Execute("BEGIN"));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/sqlite/options.h"
#include "sql/sqlite/statement.h"

struct sqlite3;

namespace kvshim::sql::sqlite {

class Connection {
 public:
  enum class Role { kWriter, kReader };

  // Opens the file of `options`; the writer creates it and sets the file up (page size, write-ahead
  // log, incremental vacuum).
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Options& options, Role role);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The statement of this text, prepared once.
  Cursor Use(std::string_view text);

  // Runs statements that give no rows of interest.
  absl::Status Execute(const std::string& statements);

  // The first column of the first row: of a PRAGMA, of a count.
  absl::StatusOr<int64_t> Number(const std::string& query);
  absl::StatusOr<std::string> Text(const std::string& query);

  // Whether commits are on the device when they return (as the options ask), or only once one that
  // is comes behind them.
  absl::Status SetLazy(bool lazy);

  // The status of a failed call on this connection; `what` says what was being done.
  absl::Status Error(int code, std::string_view what);

  // The pages of the write-ahead log after this connection's last commit.
  int64_t wal_pages() const { return wal_pages_; }

  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }

 private:
  Connection(sqlite3* handle, const Options& options)
      : handle_(handle), path_(options.path), synchronous_(options.synchronous) {}

  absl::Status SetUp(const Options& options, Role role);

  sqlite3* const handle_;
  const std::string path_;
  const Synchronous synchronous_;
  bool lazy_ = false;
  int64_t wal_pages_ = 0;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>>
      statements_;
};

// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  // kWriteLazily: a power failure may take it back, never without all that came behind it.
  enum class Mode { kRead, kWrite, kWriteLazily };
  static absl::StatusOr<Transaction> Begin(Connection& connection, Mode mode);
  ~Transaction();
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;

  // A failed commit is rolled back where it can be; kAmbiguous where that is not known.
  absl::Status Commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}

  Connection* connection_;
};

}  // namespace kvshim::sql::sqlite
