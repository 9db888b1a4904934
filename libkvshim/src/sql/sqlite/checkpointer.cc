#include "sql/sqlite/checkpointer.h"

#include <pthread.h>
#include <sqlite3.h>

#include <utility>

#include "base/status.h"

namespace kvshim::sql::sqlite {
namespace {

// So few pages may keep commits waiting while they are copied.
constexpr int64_t kFewPages = 64;
constexpr int kMostRounds = 4;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection, CommitLock& commit_lock,
                           int64_t limit_pages, FaultHook fault)
    : commit_lock_(commit_lock),
      limit_pages_(limit_pages),
      fault_(std::move(fault)),
      connection_(std::move(connection)),
      next_pages_(limit_pages),
      thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "checkpoint");
}

Checkpointer::~Checkpointer() {
  {
    base::MutexLock lock(mutex_);
    stop_ = true;
    wake_.NotifyAll();
  }
  thread_.join();
}

void Checkpointer::Committed(int64_t wal_pages) {
  base::MutexLock lock(mutex_);
  committed_ = true;
  counts_.wal_pages = wal_pages;
  if (wal_pages >= next_pages_) wake_.NotifyAll();
}

void Checkpointer::Loop() {
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      while (!stop_ && counts_.wal_pages < next_pages_) wake_.Wait(mutex_);
      if (stop_) return;
      // Where a long read keeps the log from being emptied, or the checkpoint fails (a full disk),
      // the next try waits until the log has grown a good deal further.
      next_pages_ = counts_.wal_pages + limit_pages_ / 4;
    }
    // Nobody waits for the outcome: commits stay durable in the log, and the next checkpoint, or
    // the next commit, meets the same error and reports it.
    Run().IgnoreError();
  }
}

absl::Status Checkpointer::Run() {
  base::MutexLock lock(checkpoint_mutex_);
  return RunLocked();
}

absl::Status Checkpointer::RunLocked() {
  bool needed;
  {
    base::MutexLock lock(mutex_);
    needed = committed_;
  }
  if (!needed) return absl::OkStatus();
  RETURN_IF_ERROR(Reach(fault_, FaultPoint::kInCheckpoint));
  int64_t copied = -1;
  for (int round = 0; round < kMostRounds; ++round) {
    ASSIGN_OR_RETURN(const Progress progress, Step(SQLITE_CHECKPOINT_PASSIVE));
    // Where it has not come further, a long read is in the way.
    if (progress.copied <= std::exchange(copied, progress.copied)) break;
    base::MutexLock lock(mutex_);
    if (counts_.wal_pages <= copied + kFewPages) break;
  }
  {
    CommitGuard guard(commit_lock_);
    ASSIGN_OR_RETURN(const Progress progress, Step(SQLITE_CHECKPOINT_PASSIVE));
    Completed(progress.complete);
  }
  base::MutexLock lock(mutex_);
  ++counts_.checkpoints;
  return absl::OkStatus();
}

absl::Status Checkpointer::Truncate() {
  base::MutexLock lock(checkpoint_mutex_);
  RETURN_IF_ERROR(RunLocked());
  CommitGuard guard(commit_lock_);
  ASSIGN_OR_RETURN(const Progress progress, Step(SQLITE_CHECKPOINT_TRUNCATE));
  Completed(progress.complete);
  base::MutexLock counts_lock(mutex_);
  if (progress.complete) counts_.wal_pages = 0;
  return absl::OkStatus();
}

absl::StatusOr<Checkpointer::Progress> Checkpointer::Step(int mode) {
  int in_log = 0;
  int copied = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, mode, &in_log, &copied);
  // Busy: readers hold the log; what could be copied was.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    return connection_->Error(code, "moving the write-ahead log into the database");
  }
  return Progress{.complete = code == SQLITE_OK && in_log == copied, .copied = copied};
}

void Checkpointer::Completed(bool complete) {
  if (!complete) return;
  base::MutexLock lock(mutex_);
  committed_ = false;
  next_pages_ = limit_pages_;
  // The next commit starts the log anew and tells its real size.
  counts_.wal_pages = 0;
}

Checkpointer::Counts Checkpointer::counts() {
  base::MutexLock lock(mutex_);
  return counts_;
}

}  // namespace kvshim::sql::sqlite
