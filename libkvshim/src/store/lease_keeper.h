// LeaseKeeper: ends leases whose time is over, and answers keepalives.
//
// Where this process has the database alone, a keepalive is answered from memory: a restart gives
// every lease its full time again, so nothing needs to be durable before the answer. One that comes
// when the lease is ending waits until the keys are gone, as etcd's does. (On a shared database
// LeaseRenewer answers keepalives.)
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "kvshim/store.h"
#include "lease/lessor.h"
#include "mvcc/index.h"
#include "store/proposal.h"

namespace kvshim::store {

class LeaseKeeper {
 public:
  using Submit = std::function<void(std::unique_ptr<Proposal>)>;

  // `may_end`: whether leases are this server's to end, now.
  LeaseKeeper(lease::Lessor& lessor, const mvcc::Index& index, base::Executor& timers,
              base::Clock& clock, base::MetricsRegistry& metrics, Submit submit,
              std::function<bool()> may_end);

  // Begins to look for leases that have ended.
  void Start() { ScheduleLook(); }

  void KeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done);

  // A batch with these changes was applied.
  void Applied(const std::vector<log::Op>& ops);

  // Answers the keepalives that wait.
  void Stop();

 private:
  using Waiting = std::vector<Callback<LeaseKeepAliveResponse>>;

  void ScheduleLook();
  void Look();
  void Expire(const lease::LeaseRenewal& expired);
  void AnswerGone(LeaseId id);

  lease::Lessor& lessor_;
  const mvcc::Index& index_;
  base::Executor& timers_;
  base::Clock& clock_;
  const Submit submit_;
  const std::function<bool()> may_end_;
  base::Counter& expired_;
  base::Counter& renewed_;
  base::Mutex mutex_;
  absl::flat_hash_map<LeaseId, Waiting> waiting_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::store
