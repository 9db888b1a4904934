// Compactor: takes out of the database what a compaction made unreachable, off the write path.
//
// One round, for the compacted revision C:
//   1. a batch raises gc_floor to C: from now on rows at or below C may be missing
//   2. the index is walked a few hundred keys at a time; it forgets its dead versions and tells
//      their exact revisions, whose rows are deleted in the order of the log, in small transactions
//      with pauses between (compaction_pace.h)
//   3. pages that became free are given back to the file system, a few at a time
// A crash in between loses nothing: the next start loads rows that are dead already, the index
// finds them dead again, and a round runs at every start.
//
// On a shared database every server forgets dead versions in its own memory, and the one that owns
// the maintenance (store/members.h) raises the floor and deletes, once the memory of all live ones
// is past the compaction. A server that becomes the owner sweeps first: it raises the floor, where
// the owner before it has not, reads which rows there are up to it, and deletes those that its
// index does not have.
//
// Rejected: deleting by "revision <= C and superseded" in SQL. It reads the whole table for what
// the index knows, and holds locks as long as it takes.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <functional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "kvshim/options.h"
#include "log/log.h"
#include "mvcc/index.h"

namespace kvshim::store {

class Compactor {
 public:
  struct Duties {
    // Has a batch with this gc_floor committed, and returns when it is.
    std::function<absl::Status(int64_t)> raise_floor;
    // Whether deleting rows is this server's business.
    std::function<bool()> may_delete = [] { return true; };
  };
  Compactor(log::Log& log, mvcc::Index& index, const StoreOptions& options,
            base::MetricsRegistry& metrics, Duties duties);
  ~Compactor() { Stop(); }

  // A compaction at `revision` was applied.
  void Compacted(int64_t revision);
  // Deletes rows up to the floor that memory does not have.
  void Sweep();
  // Calls `done` when everything up to `revision` has been reclaimed, or the compactor stops.
  void WhenReclaimed(int64_t revision, absl::AnyInvocable<void(absl::Status)> done);

  // Stops after the transaction under way.
  void Stop();

 private:
  void Run();
  int64_t done() EXCLUDES(mutex_);
  // False where it was stopped.
  bool Reclaim(int64_t revision);
  bool Delete(const std::vector<mvcc::Revision>& rows);
  bool SweepRows(int64_t revision);
  bool Vacuum();
  // Repeats `attempt` until it succeeds, with growing pauses. False where it was stopped.
  bool Persist(const std::function<absl::Status()>& attempt);
  // After a step that deleted so many rows; false where it was stopped, as Pause.
  bool Rest(size_t deleted);
  bool Pause(std::chrono::milliseconds duration);
  void Finish(int64_t revision, const absl::Status& status);

  log::Log& log_;
  mvcc::Index& index_;
  const StoreOptions options_;
  const Duties duties_;
  base::Counter& deleted_rows_;
  base::Histogram& pause_seconds_;

  base::Mutex mutex_;
  base::Condition changed_;
  int64_t wanted_ GUARDED_BY(mutex_) = 0;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  bool sweep_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::pair<int64_t, absl::AnyInvocable<void(absl::Status)>>> waiters_
      GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kvshim::store
