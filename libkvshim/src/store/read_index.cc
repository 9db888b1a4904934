#include "store/read_index.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "mvcc/errors.h"

namespace kvshim::store {
namespace {

constexpr std::chrono::milliseconds kPause{50};  // after a look that failed

}  // namespace

ReadIndex::ReadIndex(log::Log& log, Replica& replica, const Doubt& doubt, base::Duration timeout,
                     base::MetricsRegistry& metrics, std::function<void(int64_t)> read_on)
    : log_(log),
      replica_(replica),
      doubt_(doubt),
      timeout_(timeout),
      read_on_(std::move(read_on)),
      looks_(metrics.AddCounter("kvshim_read_index_total",
                                "Looks at the newest batch, each of which served all reads that "
                                "had come.")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-read-index");
}

void ReadIndex::Await(Then then) {
  {
    base::MutexLock lock(mutex_);
    if (!stopping_) {
      waiting_.push_back({base::Clock::Real().Now() + timeout_, std::move(then)});
      if (waiting_.size() == 1) changed_.NotifyOne();
      return;
    }
  }
  then(mvcc::Stopped());
}

absl::Status ReadIndex::AwaitHere() {
  std::promise<absl::Status> ready;
  Await([&](const absl::Status& status) { ready.set_value(status); });
  return ready.get_future().get();
}

void ReadIndex::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void ReadIndex::Run() {
  std::vector<Waiting> served;
  while (true) {
    {
      base::MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) {
        served = std::exchange(waiting_, {});
        break;
      }
      served.swap(waiting_);
    }
    // Those that come while this looks wait for the next look.
    const absl::Status confirmed = Confirm(served.front().deadline);
    if (confirmed.ok()) {
      for (Waiting& waiting : served) waiting.then(confirmed);
      served.clear();
      continue;
    }
    const base::TimePoint now = base::Clock::Real().Now();
    const auto late = std::partition(served.begin(), served.end(),
                                     [&](const Waiting& one) { return one.deadline > now; });
    for (auto it = late; it != served.end(); ++it) it->then(mvcc::TimedOut());
    served.erase(late, served.end());
    base::MutexLock lock(mutex_);
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(served));
    waiting_.swap(served);
    served.clear();
    if (!stopping_) changed_.WaitUntil(mutex_, now + kPause);
  }
  for (Waiting& waiting : served) waiting.then(mvcc::Stopped());
}

absl::Status ReadIndex::Confirm(base::TimePoint deadline) {
  looks_.Increment();
  const int64_t known = replica_.sequence();
  const absl::StatusOr<log::Head> newest = log_.ReadHead();
  if (!newest.ok()) return newest.status();
  if (newest->seq < known) {
    // The database knows less than it did: the reading thread finds out why.
    read_on_(INT64_MAX);
    return mvcc::Unhealthy();
  }
  if (replica_.sequence() < newest->seq) {
    read_on_(newest->seq);
    if (!replica_.WaitFor(newest->seq, deadline)) return mvcc::TimedOut();
  }
  if (doubt_.raised()) return mvcc::Unhealthy();
  if (replica_.Holds(newest->seq, newest->nonce)) return absl::OkStatus();
  // As far, but on another branch: a primary that was replaced and came back, for instance.
  read_on_(INT64_MAX);
  return mvcc::Unhealthy();
}

}  // namespace kvshim::store
