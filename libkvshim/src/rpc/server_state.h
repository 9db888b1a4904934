// ServerState: what all calls of one server share: limits, the count of calls under way, the
// streams to end at a drain.
//
// Thread safety: every method may be called from any thread. Lock order: a call's own lock may be
// held when this one's is taken, not the reverse.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "rpc/method_table.h"
#include "rpc/server.h"

namespace kvshim::rpc {

class ServerState {
 public:
  ServerState(const ServerOptions& options, MethodTable& table) : options(options), table(table) {}

  const ServerOptions& options;
  MethodTable& table;

  // Counts a call that arrived; an error is the answer to give it. `counted` is for CallOver. What
  // a drain refuses is not counted: clients that go on calling must not make it wait.
  absl::Status CallArrived(bool& counted);
  void CallOver(bool counted);
  size_t active_calls() const { return active_.load(); }

  // An error is the answer to give the stream instead: a drain has begun and will not end it.
  absl::Status AddStream(std::weak_ptr<Stream> stream, const void* identity);
  void RemoveStream(const void* identity);

  // From now on calls are answered with `status`; returns the streams there are.
  std::vector<std::shared_ptr<Stream>> BeginDrain(absl::Status status);
  // Until no call is under way, or `deadline`.
  void WaitUntilIdle(base::TimePoint deadline = base::TimePoint::max());

 private:
  std::atomic<size_t> active_{0};
  std::atomic<bool> draining_{false};
  base::Mutex mutex_;
  base::Condition idle_;
  absl::Status drain_status_ GUARDED_BY(mutex_);
  std::unordered_map<const void*, std::weak_ptr<Stream>> streams_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::rpc
