#include "store/lease_renewer.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::milliseconds kPause{50};  // after a write that failed

}  // namespace

LeaseRenewer::LeaseRenewer(sql::SharedDatabase& database, lease::Lessor& lessor,
                           const mvcc::Index& index, base::Duration timeout,
                           base::MetricsRegistry& metrics)
    : database_(database),
      lessor_(lessor),
      index_(index),
      timeout_(timeout),
      renewed_(
          metrics.AddCounter("kvshim_lease_renewals_total", "Keepalives written to the database.")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-leases");
}

void LeaseRenewer::KeepAlive(LeaseId id, Callback<LeaseKeepAliveResponse> done) {
  {
    base::MutexLock lock(mutex_);
    if (!stopping_) {
      waiting_.push_back({base::Clock::Real().Now() + timeout_, id, std::move(done)});
      if (waiting_.size() == 1) changed_.NotifyOne();
      return;
    }
  }
  done(mvcc::Stopped());
}

void LeaseRenewer::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void LeaseRenewer::Run() {
  std::vector<Waiting> due;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      due.swap(waiting_);
      if (stopping_) break;
    }
    Serve(due);
    if (due.empty()) continue;
    base::MutexLock lock(mutex_);
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(due));
    waiting_.swap(due);
    due.clear();
    if (!stopping_) changed_.WaitUntil(mutex_, base::Clock::Real().Now() + kPause);
  }
  for (Waiting& waiting : due) waiting.done(mvcc::Stopped());
}

void LeaseRenewer::Serve(std::vector<Waiting>& due) {
  std::vector<int64_t> ids;
  ids.reserve(due.size());
  for (const Waiting& waiting : due) ids.push_back(static_cast<int64_t>(waiting.id));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  absl::flat_hash_map<LeaseId, int64_t> ttls;
  const absl::Status written = database_.RenewLeases(ids, [&](const sql::LeaseRecord& lease) {
    ttls.emplace(LeaseId{lease.id}, lease.ttl);
    lessor_.ApplyRenewal({.id = LeaseId{lease.id}, .renew = lease.renew});
  });
  if (written.ok()) {
    for (Waiting& waiting : due) {
      const auto found = ttls.find(waiting.id);
      if (found != ttls.end()) renewed_.Increment();
      waiting.done(LeaseKeepAliveResponse{.revision = index_.revision(),
                                          .id = waiting.id,
                                          .ttl = found != ttls.end() ? found->second : 0});
    }
    due.clear();
    return;
  }
  // A counter that was raised twice does no harm: they are tried again until their time is over.
  const base::TimePoint now = base::Clock::Real().Now();
  const auto late = std::partition(due.begin(), due.end(),
                                   [&](const Waiting& one) { return one.deadline > now; });
  for (auto it = late; it != due.end(); ++it) it->done(mvcc::TimedOut());
  due.erase(late, due.end());
}

}  // namespace kvshim::store
