// Connection: one session with a MySQL or MariaDB server, with a time limit on everything that
// waits for the server.
//
// After an error that ends the session (broken() is true) it is of no further use.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto connection, OpenSession(options, traits, Role::kReader));
//   ASSIGN_OR_RETURN(Result result, connection->Execute("SELECT 1"));
#pragma once

#include <mysql.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/mysql/error.h"
#include "sql/mysql/options.h"
#include "sql/mysql/result.h"

namespace kvshim::sql::mysql {

// What a session found out about its server.
struct Server {
  std::string identity;      // "db1:3306, 10.11.6-MariaDB"
  bool compound = false;     // an append must be a compound statement
  bool durable = true;       // what is committed outlives the power
  bool shows_early = false;  // a commit is seen before it is durable (durability.h)
  int64_t max_packet = int64_t{1} << 20;
};

class Connection {
 public:
  // Logs in, and no more; session.h makes it ready for use. An empty database is none. `code` gets
  // the error's number.
  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const Options& options,
                                                             const Host& host,
                                                             const std::string& password,
                                                             const std::string& database,
                                                             unsigned& code);

  // `meanwhile` is called when it is sent and its answer is waited for.
  absl::StatusOr<Result> Execute(std::string_view statement, Purpose purpose = Purpose::kRead,
                                 const std::function<void()>& meanwhile = {});

  // Statements separated by semicolons, sent at once: one round trip. The first error ends it.
  absl::StatusOr<std::vector<Result>> Run(std::string_view script, Purpose purpose = Purpose::kRead,
                                          const std::function<void()>& meanwhile = {});
  // How many statements of the last Run were answered without an error.
  size_t answered() const { return answered_; }
  // The number of its error; 0 where there was none.
  unsigned error() const { return mysql_errno(handle_.get()); }

  // Rows as they come; `visit` returns false to stop, which breaks the connection.
  absl::Status Stream(std::string_view query, const std::function<bool(const Row&)>& visit);

  // Whether the server has closed it, or said something unasked, since the last call.
  bool Stale() const;

  bool broken() const { return broken_; }
  const std::string& name() const { return options_.name; }
  Server& server() { return server_; }

 private:
  static absl::StatusOr<std::unique_ptr<Connection>> ConnectBy(
      Encryption encryption, const Options& options, const Host& host, const std::string& password,
      const std::string& database, unsigned& code);

  explicit Connection(const Options& options);

  absl::Status Failure(std::string_view what, Purpose purpose);

  const Options& options_;
  const std::unique_ptr<MYSQL, void (*)(MYSQL*)> handle_;
  Server server_;
  size_t answered_ = 0;
  bool broken_ = false;
};

}  // namespace kvshim::sql::mysql
