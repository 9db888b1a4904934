// MemoryDatabase: a shared database without a server, whose tables are objects that several of
// them, as connections of several servers, look at. Its commits can be lost, doubtful, or arrive
// after the client has given up; its reads can fail; it can forget its newest batches.
//
// Thread safety: as sql::SharedDatabase.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "sql/shared_database.h"

namespace kvshim::store {

// What becomes of an append.
enum class CommitFault {
  kNone,
  kNotReached,   // kIo: nothing was done
  kLostAnswer,   // kAmbiguous: it was done
  kLostRequest,  // kAmbiguous: it was not
  kLateArrival,  // kAmbiguous: it is done, or conflicts, a little later
};

class MemoryTables {
 public:
  struct Batch {
    sql::BatchRecord record;
    std::string nonce, prev, ops, hash;
    sql::BatchRecord View() const;
  };
  struct Row {
    sql::LogRecord record;
    std::string key, value;
    sql::LogRecord View(bool with_value) const;
  };

  ~MemoryTables();

  // Forgets the batches after `seq` with their rows, as a failover to a lagging replica does.
  void LoseAfter(int64_t seq);
  // A database of its own that holds the same: a standby that is promoted, a backup.
  std::shared_ptr<MemoryTables> Copy();
  // What pruning does: batches only.
  void ForgetBatchesBefore(int64_t seq);
  int64_t newest_seq();

 private:
  friend class MemoryDatabase;

  absl::Status Insert(const sql::AppendRequest& request) REQUIRES(mutex_);
  void InsertLater(const sql::AppendRequest& request);

  base::Mutex mutex_;
  base::Condition turn_free_;
  const void* turn_ GUARDED_BY(mutex_) = nullptr;
  std::map<int64_t, Batch> batches_ GUARDED_BY(mutex_);
  std::map<sql::RowId, Row> rows_ GUARDED_BY(mutex_);
  std::map<int64_t, sql::LeaseRecord> leases_ GUARDED_BY(mutex_);
  std::map<std::string, std::string, std::less<>> meta_ GUARDED_BY(mutex_);
  std::map<int64_t, sql::ServerRecord> servers_ GUARDED_BY(mutex_);
  sql::OwnerRecord owner_ GUARDED_BY(mutex_);
  std::vector<std::thread> late_ GUARDED_BY(mutex_);
};

class MemoryDatabase final : public sql::SharedDatabase {
 public:
  struct Faults {
    std::function<CommitFault()> commit = [] { return CommitFault::kNone; };
    std::function<bool()> read_fails = [] { return false; };
    sql::Lineage lineage;  // of the server that connections lead to
  };

  MemoryDatabase(std::shared_ptr<MemoryTables> tables, std::shared_ptr<Faults> faults)
      : tables_(std::move(tables)), faults_(std::move(faults)) {}
  ~MemoryDatabase() override { Unlock(); }

  const std::string& name() const override { return name_; }
  bool durable() const override { return true; }
  absl::Status Prepare(const sql::Genesis& genesis) override;
  absl::Status Append(const sql::AppendRequest& request) override;
  absl::Status Load(sql::TableVisitor& visitor) override;
  absl::Status ReadHead(const std::function<void(const sql::BatchRecord&)>& visit) override;
  absl::StatusOr<std::optional<std::string>> ReadMeta(std::string_view name) override;
  absl::Status Fetch(std::span<const sql::RowId> ids,
                     const std::function<void(size_t, const sql::LogRecord&)>& visit) override;
  absl::Status ReadRows(int64_t from, int64_t to,
                        const std::function<bool(const sql::LogRecord&)>& visit) override;
  absl::Status ReadBatches(int64_t from, int64_t limit,
                           const std::function<bool(const sql::BatchRecord&)>& visit) override;
  absl::Status ReadRowsWithoutValues(
      sql::RowId after, int64_t to, int64_t limit,
      const std::function<void(const sql::LogRecord&)>& visit) override;
  absl::Status DeleteRows(std::span<const sql::RowId> ids) override;
  absl::StatusOr<sql::DatabaseSize> Size() override { return sql::DatabaseSize{}; }
  absl::Status Defragment() override { return absl::OkStatus(); }
  absl::Status CheckStructure(const std::function<void(std::string_view)>&) override {
    return absl::OkStatus();
  }
  sql::Statistics Stats() const override { return {}; }

  absl::Status Lock() override;
  void Unlock() override;
  absl::Status LockLeases(std::span<const int64_t> ids,
                          const std::function<void(const sql::LeaseRecord&)>& visit) override;
  sql::Lineage lineage() override { return faults_->lineage; }
  void RefuseBefore(const sql::Lineage& lineage) override;
  void Disconnect() override {}
  absl::Status RenewLeases(std::span<const int64_t> ids,
                           const std::function<void(const sql::LeaseRecord&)>& visit) override;
  absl::Status ReadLeases(const std::function<void(const sql::LeaseRecord&)>& visit) override;
  absl::StatusOr<sql::Membership> Beat(const sql::ServerRecord& self) override;
  absl::StatusOr<bool> ReplaceOwner(const sql::OwnerRecord& seen,
                                    const sql::OwnerRecord& next) override;
  absl::Status RemoveServer(int64_t id, int64_t beat) override;
  void Listen(std::function<void(int64_t)>) override {}
  void Announce(int64_t) override {}

 private:
  absl::Status Reading() const;

  const std::string name_ = "memory";
  const std::shared_ptr<MemoryTables> tables_;
  const std::shared_ptr<Faults> faults_;
  std::atomic<bool> refused_{false};
};

}  // namespace kvshim::store
