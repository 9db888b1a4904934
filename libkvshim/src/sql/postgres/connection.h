// Connection: one session with a PostgreSQL server, over libpq, with a deadline on every call.
//
// Several hosts are tried in turn, beginning with the one that was good last; each has its share of
// the time. One that a standby was promoted over, and that came back, is not used, as far as that
// is known: the first connection, and the next after one was lost, asks every host and takes the
// one that was promoted last.
//
// After an error that says the session is gone (broken() is true) it is of no further use.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto connection, Connection::Open(options, settings));
//   ASSIGN_OR_RETURN(Result result, connection->Execute("SELECT 1", {}));
#pragma once

#include <libpq-fe.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "sql/lineage.h"
#include "sql/postgres/options.h"
#include "sql/postgres/parameters.h"
#include "sql/postgres/product.h"
#include "sql/postgres/result.h"

namespace kvshim::sql::postgres {

// What all connections of a database learn from each other.
struct SessionTraits {
  // Until a pooler between us and the server is seen to hand our statements to another session.
  std::atomic<bool> prepares{true};
  std::atomic<size_t> host{0};  // of Options::hosts: the one that took us in last
  base::Mutex mutex;
  Lineage reached GUARDED_BY(mutex);   // the newest that a connection led to
  Lineage required GUARDED_BY(mutex);  // no server before it is used
  // When every host was asked last; nothing: the next connection asks them.
  std::optional<base::TimePoint> surveyed GUARDED_BY(mutex);
};

// One statement of several that are sent together.
struct Command {
  const char* text;  // a literal
  Parameters parameters;
};

class Connection {
 public:
  // Connects to a host that takes writes, and makes sure of that. kIo where none answers or all
  // that do were replaced, kPermission, kNoDatabase where one does and refuses.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Options& options,
                                                          SessionTraits& traits);
  // The same to another database of the server.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenDatabase(const Options& options,
                                                                  const std::string& database,
                                                                  SessionTraits& traits);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::StatusOr<Result> Execute(const char* text, Parameters parameters);

  // Sends all of them at once and reads all answers: one round trip. The first error ends it, and
  // the rest is skipped by the server. `committing`: an outcome that is not known is kAmbiguous.
  // `meanwhile` is called when they are sent, once.
  absl::StatusOr<std::vector<Result>> Run(std::span<const Command> commands, bool committing,
                                          const std::function<void()>& meanwhile = {});

  // Statements without parameters, and without answers of interest. May hold several.
  absl::Status ExecuteScript(const std::string& script);

  // COPY (query) TO STDOUT in binary; `visit` is given each row's fields and returns false to stop.
  using Fields = std::span<const std::string_view>;
  absl::Status Copy(const std::string& query, const std::function<bool(Fields)>& visit);

  // For waiting on: the socket, and taking what has come.
  int socket() const { return PQsocket(handle_); }
  // The highest number that notifications since the last call carried; 0: there were none.
  absl::StatusOr<int64_t> TakeNotifications();

  bool broken() const { return broken_; }
  // The same, after looking whether an idle session has been ended meanwhile.
  bool Stale();
  // Set where the server said that it does not wait for its standby any more.
  bool replication_cancelled() const { return replication_cancelled_; }
  const std::string& name() const { return options_.name; }
  // Its server's; that of a relative of PostgreSQL's is empty.
  const Lineage& lineage() const { return lineage_; }
  Product product() const { return product_; }

 private:
  static absl::StatusOr<std::unique_ptr<Connection>> OpenAt(const Options& options,
                                                            const Host& host,
                                                            const std::string& database,
                                                            SessionTraits& traits);
  // Asks for the server's lineage; kIo where it was replaced.
  absl::Status CheckLineage(const Host& host);

  Connection(PGconn* handle, const Options& options, SessionTraits& traits);

  absl::StatusOr<std::vector<Result>> TryRun(std::span<const Command> commands, bool committing,
                                             const std::function<void()>& meanwhile);
  absl::Status Send(const Command& command, bool prepare, bool& preparing);
  absl::Status TakeAnswer(const Command& command, bool preparing, base::TimePoint deadline,
                          bool committing, std::vector<Result>& results);
  // Waits until libpq has an answer, and takes it; null at the end of a statement's answers.
  absl::StatusOr<PGresult*> NextResult(base::TimePoint deadline);
  absl::Status Wait(short events, base::TimePoint deadline);
  absl::Status Flush(base::TimePoint deadline);
  base::TimePoint Deadline() const;
  absl::Status Lost(std::string_view what, bool committing);
  absl::Status ErrorOf(const PGresult* result, std::string_view what, bool committing);
  // Reads answers up to the end of the pipeline, so that the session can be used again.
  void Drain(base::TimePoint deadline);

  PGconn* const handle_;
  const Options& options_;
  SessionTraits& traits_;
  std::unordered_set<const char*> prepared_;  // texts, by their place
  Lineage lineage_;
  Product product_ = Product::kPostgres;
  bool broken_ = false;
  bool replication_cancelled_ = false;
};

}  // namespace kvshim::sql::postgres
