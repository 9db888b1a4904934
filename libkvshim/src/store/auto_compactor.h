// AutoCompactor: compacts by itself, in etcd's two modes.
//
//   periodic   keeps what is younger than the retention: every tenth of it (at most every six
//              minutes) it notes the revision, and once an hour, or once per retention where that
//              is shorter, compacts up to the one noted a retention ago
//   revision   every five minutes compacts all but the last N revisions
//
// Thread safety: Start once; the rest happens on the timers' thread.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "kvshim/options.h"
#include "mvcc/index.h"

namespace kvshim::store {

class AutoCompactor {
 public:
  AutoCompactor(const mvcc::Index& index, const StoreOptions& options, base::Executor& timers,
                base::Clock& clock, std::function<void(int64_t revision)> compact);

  void Start();

 private:
  void Schedule();
  void Tick();
  int64_t PeriodicTarget(base::TimePoint now);

  const mvcc::Index& index_;
  const CompactionMode mode_;
  const base::Duration retention_;
  const int64_t revisions_;
  base::Executor& timers_;
  base::Clock& clock_;
  const std::function<void(int64_t)> compact_;
  base::Duration tick_{};
  base::TimePoint last_compaction_;
  std::deque<std::pair<base::TimePoint, int64_t>> noted_;
};

}  // namespace kvshim::store
