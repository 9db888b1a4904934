// FileDatabase: what sqlite::Open returns; database.h says how it behaves.
//
// Thread safety: as sql::Database.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "sql/append_counters.h"
#include "sql/database.h"
#include "sql/sqlite/batch_tail.h"
#include "sql/sqlite/checkpointer.h"
#include "sql/sqlite/commit_lock.h"
#include "sql/sqlite/connection.h"
#include "sql/sqlite/file_lock.h"
#include "sql/sqlite/options.h"
#include "sql/sqlite/reader_pool.h"

namespace kvshim::sql::sqlite {

class FileDatabase : public sql::Database {
 public:
  FileDatabase(Options options, DatabaseOptions hooks, FileLock lock,
               std::unique_ptr<Connection> writer, std::unique_ptr<Connection> checkpointing);

  const std::string& name() const override { return options_.path; }
  bool durable() const override { return options_.synchronous >= Synchronous::kFull; }

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

  absl::Status Snapshot(const std::function<bool(std::string_view, uint64_t)>& sink) override;
  absl::StatusOr<DatabaseSize> Size() override;
  absl::StatusOr<int64_t> Vacuum(int64_t max_pages) override;
  absl::Status Defragment() override;
  absl::Status Checkpoint() override { return checkpointer_.Run(); }
  Statistics Stats() const override;

 private:
  // The pieces of an append, in its transaction.
  absl::Status InsertRows(std::span<const LogRecord> rows, const BatchTail::Place& place)
      REQUIRES(commit_lock_);
  absl::Status Project(const Projection& change) REQUIRES(commit_lock_);
  absl::Status Prune(int64_t through) REQUIRES(commit_lock_);
  absl::Status AppendLocked(const AppendRequest& request, CommitSample& sample)
      REQUIRES(commit_lock_);

  // As much of it as may keep commits waiting: how many.
  absl::StatusOr<size_t> DeleteSome(std::span<const RowId> ids);
  absl::StatusOr<int64_t> VacuumSome(int64_t max_pages) REQUIRES(commit_lock_);

  // Commits, notes what that means for the log's size and for later writes.
  absl::Status Commit(Transaction& transaction) REQUIRES(commit_lock_);
  // For statements that commit by themselves: an I/O error there may be that of the commit.
  absl::Status RunCommitting(const std::string& statement) REQUIRES(commit_lock_);
  absl::Status Writable() const REQUIRES(commit_lock_);

  const Options options_;
  const DatabaseOptions hooks_;
  const FileLock lock_;  // released last, when every connection is closed

  mutable CommitLock commit_lock_;
  const std::unique_ptr<Connection> writer_ GUARDED_BY(commit_lock_);
  BatchTail tail_ GUARDED_BY(commit_lock_);
  bool ambiguous_ GUARDED_BY(commit_lock_) = false;

  ReaderPool readers_;

  AppendCounters counters_;

  mutable Checkpointer checkpointer_;  // last: its thread uses the rest
};

}  // namespace kvshim::sql::sqlite
