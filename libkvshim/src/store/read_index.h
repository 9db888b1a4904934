// ReadIndex: makes reads linearizable on a database that other servers write to.
//
// A read may be answered from memory once memory holds everything that was committed, anywhere,
// before the read came. So the newest batch is looked up after it came, and the read waits until
// memory is that far. One look serves all reads that came before it was sent; those that come while
// one is under way share the next. While there is doubt which history stands, none is answered.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "log/log.h"
#include "store/doubt.h"
#include "store/replica.h"

namespace kvshim::store {

class ReadIndex {
 public:
  using Then = absl::AnyInvocable<void(const absl::Status&)>;

  // `read_on` has the log read soon, up to a batch. A read that cannot be served within `timeout`
  // is answered as timed out.
  ReadIndex(log::Log& log, Replica& replica, const Doubt& doubt, base::Duration timeout,
            base::MetricsRegistry& metrics, std::function<void(int64_t seq)> read_on);
  ~ReadIndex() { Stop(); }

  // Calls `then`, on a thread of its own, once memory is far enough; it should not take long.
  void Await(Then then);

  // The same, waiting here.
  absl::Status AwaitHere();

  void Stop();

 private:
  struct Waiting {
    base::TimePoint deadline;
    Then then;
  };

  void Run();
  // Whether memory holds all that was committed when this was called.
  absl::Status Confirm(base::TimePoint deadline);

  log::Log& log_;
  Replica& replica_;
  const Doubt& doubt_;
  const base::Duration timeout_;
  const std::function<void(int64_t)> read_on_;
  base::Counter& looks_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
