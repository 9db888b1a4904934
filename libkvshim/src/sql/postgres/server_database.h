// ServerDatabase: what postgres::Open returns; database.h says how it behaves.
//
// An append is one pipeline, one round trip: BEGIN, the lock row, the batch, its rows, what it
// changes beside them, COMMIT. The lock row is taken by every append, so that one which waits for
// it (Lock) gets its turn; under READ COMMITTED the statement that inserts the batch then sees the
// newest head, and its guard fails where that is not the predecessor. The first error has the
// server skip the rest, COMMIT included.
//
// A server whose process is stopped, or whose network swallows everything, in the middle of an
// append or of its turn leaves a transaction behind that holds the lock row and waits for its
// client for ever. Whoever waits in vain ends that session: its client, should it ever go on, finds
// its commit without an answer, and finds out what became of it.
//
// Thread safety: as sql::SharedDatabase.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sql/append_counters.h"
#include "sql/pool.h"
#include "sql/postgres/connection.h"
#include "sql/postgres/news.h"
#include "sql/postgres/options.h"
#include "sql/shared_database.h"

namespace kvshim::sql::postgres {

class ServerDatabase final : public SharedDatabase {
 public:
  ServerDatabase(Options options, DatabaseOptions hooks);

  const std::string& name() const override { return options_.name; }
  bool durable() const override { return durable_.load(); }

  absl::Status Prepare(const Genesis& genesis) override;
  absl::Status Append(const AppendRequest& request) override;
  absl::Status DeleteRows(std::span<const RowId> ids) override;

  absl::Status Load(TableVisitor& visitor) override;
  absl::Status ReadHead(const std::function<void(const BatchRecord&)>& visit) override;
  absl::StatusOr<std::optional<std::string>> ReadMeta(std::string_view name) override;
  absl::Status Fetch(std::span<const RowId> ids,
                     const std::function<void(size_t, const LogRecord&)>& visit) override;
  absl::Status ReadRows(int64_t from, int64_t to,
                        const std::function<bool(const LogRecord&)>& visit) override;
  absl::Status ReadBatches(int64_t from, int64_t limit,
                           const std::function<bool(const BatchRecord&)>& visit) override;
  absl::Status ReadRowsWithoutValues(RowId after, int64_t to, int64_t limit,
                                     const std::function<void(const LogRecord&)>& visit) override;
  absl::Status CheckStructure(const std::function<void(std::string_view)>& visit) override;

  absl::StatusOr<DatabaseSize> Size() override;
  absl::Status Defragment() override;
  Statistics Stats() const override { return counters_.statistics(); }

  absl::Status Lock() override;
  void Unlock() override;
  absl::Status LockLeases(std::span<const int64_t> ids,
                          const std::function<void(const LeaseRecord&)>& visit) override;
  Lineage lineage() override;
  void RefuseBefore(const Lineage& lineage) override;
  void Disconnect() override;
  absl::Status RenewLeases(std::span<const int64_t> ids,
                           const std::function<void(const LeaseRecord&)>& visit) override;
  absl::Status ReadLeases(const std::function<void(const LeaseRecord&)>& visit) override;
  absl::StatusOr<Membership> Beat(const ServerRecord& self) override;
  absl::StatusOr<bool> ReplaceOwner(const OwnerRecord& seen, const OwnerRecord& next) override;
  absl::Status RemoveServer(int64_t id, int64_t beat) override;
  void Listen(std::function<void(int64_t)> on_news) override;
  void Announce(int64_t seq) override;

 private:
  absl::StatusOr<std::unique_ptr<Connection>> Connect();
  // The appending connection, opened where there is none.
  absl::StatusOr<Connection*> Writer();
  // After an error on it: rolls back, or lets go of it. Where the lock row was not had in time,
  // ends a turn that has frozen.
  void Recover(const absl::Status& error);
  void EndFrozenTurns();
  absl::Status Flush(const AppendRequest& request);

  const Options options_;
  const DatabaseOptions hooks_;
  SessionTraits traits_;
  std::atomic<bool> durable_{true};
  std::atomic<Product> product_{Product::kPostgres};  // of the newest connection

  // Of the thread that appends.
  std::unique_ptr<Connection> writer_;
  bool in_turn_ = false;
  std::atomic<bool> reconnect_{false};  // Disconnect was called

  Pool<Connection> readers_;

  AppendCounters counters_;

  base::Mutex news_mutex_;
  std::unique_ptr<News> news_ GUARDED_BY(news_mutex_);  // last: its thread uses the rest
};

}  // namespace kvshim::sql::postgres
