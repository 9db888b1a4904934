// LeaseRenewer: keepalives on a database that other servers write to. The counter of the lease is
// raised in the database before the answer, so that whichever server ends leases sees that this one
// is alive, and a lease that is gone there is answered as gone.
//
// Keepalives that come while some are being written are written together next.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "kvshim/store.h"
#include "lease/lessor.h"
#include "mvcc/index.h"
#include "sql/shared_database.h"

namespace kvshim::store {

class LeaseRenewer {
 public:
  // A keepalive that cannot be written within `timeout` is answered as timed out.
  LeaseRenewer(sql::SharedDatabase& database, lease::Lessor& lessor, const mvcc::Index& index,
               base::Duration timeout, base::MetricsRegistry& metrics);
  ~LeaseRenewer() { Stop(); }

  void KeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done);

  void Stop();

 private:
  struct Waiting {
    base::TimePoint deadline;
    LeaseId id;
    Callback<LeaseKeepAliveResponse> done;
  };

  void Run();
  // Answers those that could be written, or all where `stopping`.
  void Serve(std::vector<Waiting>& due);

  sql::SharedDatabase& database_;
  lease::Lessor& lessor_;
  const mvcc::Index& index_;
  const base::Duration timeout_;
  base::Counter& renewed_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
