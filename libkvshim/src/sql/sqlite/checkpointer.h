// Checkpointer: moves the write-ahead log into the database file, on a thread of its own, whenever
// the log has grown past a limit.
//
// A checkpoint has two steps.
//   1. Beside commits: copy what is in the log now, flush the database file. Most of the work.
//   Again
//      for what was committed meanwhile, while that is much: each time takes less.
//   2. Holding the commit lock: copy the few pages that are left. The log is then wholly in the
//      database, so that the next commit starts it anew at the front.
// Step 2 keeps the log from growing for ever under a constant load; step 1 keeps commits from
// waiting for the bulk of the writing.
//
// Invariant, against the WAL-reset bug of SQLite before 3.51.3: a checkpoint that runs while a
// commit starts the log anew can mark pages as copied that are not. A commit does that only where
// everything in the log has been copied. Step 1 begins only when there were commits since the last
// completed checkpoint, and again only when the log has more pages than were copied, and nobody
// else checkpoints (one mutex, the automatic one is off): thus something in the log is not copied
// until step 1 itself has ended. Step 2 excludes commits.
//
// Thread safety: any thread. Lock order: checkpoint_mutex_, then the commit lock, then mutex_.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "sql/fault_point.h"
#include "sql/sqlite/commit_lock.h"
#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

class Checkpointer {
 public:
  struct Counts {
    int64_t checkpoints = 0;
    int64_t wal_pages = 0;
  };

  // `connection` is for the checkpointer alone.
  Checkpointer(std::unique_ptr<Connection> connection, CommitLock& commit_lock, int64_t limit_pages,
               FaultHook fault);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After each commit, with the commit lock held: the log's pages now.
  void Committed(int64_t wal_pages);

  // A whole checkpoint now, on the calling thread.
  absl::Status Run();

  // The same, and the log's file is emptied. The commit lock is held throughout.
  absl::Status Truncate();

  Counts counts();

 private:
  void Loop();
  absl::Status RunLocked() REQUIRES(checkpoint_mutex_);
  struct Progress {
    bool complete = false;
    int64_t copied = 0;  // pages of the log, from its beginning
  };
  absl::StatusOr<Progress> Step(int mode) REQUIRES(checkpoint_mutex_);
  void Completed(bool complete);

  CommitLock& commit_lock_;
  const int64_t limit_pages_;
  const FaultHook fault_;

  base::Mutex checkpoint_mutex_;
  const std::unique_ptr<Connection> connection_ GUARDED_BY(checkpoint_mutex_);

  base::Mutex mutex_;
  base::Condition wake_;
  bool stop_ GUARDED_BY(mutex_) = false;
  bool committed_ GUARDED_BY(mutex_) = true;  // since the last completed checkpoint
  int64_t next_pages_ GUARDED_BY(mutex_);     // the log's size that starts the next one
  Counts counts_ GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses the rest
};

}  // namespace kvshim::sql::sqlite
