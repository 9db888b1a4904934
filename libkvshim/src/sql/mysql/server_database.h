// ServerDatabase: what mysql::Open returns; database.h says how it behaves.
//
// An append is one packet, one round trip (append_script.h). The lock row is taken by every
// append, so that one which waits for it (Lock) gets its turn; under READ COMMITTED the statement
// that looks the predecessor up then sees the newest head, and the batch does not go in where that
// is another.
//
// Thread safety: as sql::SharedDatabase.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sql/append_counters.h"
#include "sql/mysql/append_script.h"
#include "sql/mysql/connection.h"
#include "sql/mysql/options.h"
#include "sql/mysql/session.h"
#include "sql/pool.h"
#include "sql/shared_database.h"

namespace kvshim::sql::mysql {

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
  void Disconnect() override;
  absl::Status RenewLeases(std::span<const int64_t> ids,
                           const std::function<void(const LeaseRecord&)>& visit) override;
  absl::Status ReadLeases(const std::function<void(const LeaseRecord&)>& visit) override;
  absl::StatusOr<Membership> Beat(const ServerRecord& self) override;
  absl::StatusOr<bool> ReplaceOwner(const OwnerRecord& seen, const OwnerRecord& next) override;
  absl::Status RemoveServer(int64_t id, int64_t beat) override;
  void Listen(std::function<void(int64_t)> /*on_news*/) override {}
  void Announce(int64_t /*seq*/) override {}

 private:
  absl::StatusOr<std::unique_ptr<Connection>> Connect(Role role);
  // The appending connection, opened where there is none.
  absl::StatusOr<Connection*> Writer();
  // After an error on it: rolls back, or lets go of it.
  void Recover();
  absl::Status Flush(const AppendRequest& request);
  // Sends an append whole, or one statement after the other.
  absl::Status SendWhole(const AppendScript& script, const std::function<void()>& meanwhile);
  absl::Status SendInParts(const AppendScript& script, const std::function<void()>& meanwhile);

  const Options options_;
  const Options patient_;  // for statements that may take an hour
  const DatabaseOptions hooks_;
  SessionTraits traits_;
  std::atomic<bool> durable_{true};

  // Of the thread that appends.
  std::unique_ptr<Connection> writer_;
  bool in_turn_ = false;
  std::atomic<bool> reconnect_{false};  // Disconnect was called

  Pool<Connection> readers_;

  AppendCounters counters_;

  base::Mutex size_mutex_;
  int64_t counted_ GUARDED_BY(size_mutex_) = -1;  // bytes in use, by the server's last count
  int64_t written_when_counted_ GUARDED_BY(size_mutex_) = 0;
};

}  // namespace kvshim::sql::mysql
