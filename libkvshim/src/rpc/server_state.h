// ServerState: what all calls of one server share: limits, the count of calls under way, the
// streams to end at a drain, the connections to close.
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
#include "rpc/server_options.h"

namespace kvshim::rpc {

class Connection;

class ServerState {
 public:
  ServerState(const ServerOptions& options, const MethodTable& table)
      : options(options), table(table) {}

  const ServerOptions& options;
  const MethodTable& table;

  // Counts a call that arrived; an error is the answer to give it. `counted` is for CallOver. What
  // a drain refuses is not counted: clients that go on calling must not make it wait.
  absl::Status CallArrived(bool& counted);
  void CallOver(bool counted);
  size_t active_calls() const { return active_.load(); }

  // An error is the answer to give the stream instead: a drain has begun and will not end it.
  absl::Status AddStream(std::weak_ptr<Stream> stream, const void* identity);
  void RemoveStream(const void* identity);

  // The connections there are. False: there will be none any more.
  bool AddConnection(const std::shared_ptr<Connection>& connection);
  void ConnectionClosed(const Connection* connection);
  std::vector<std::shared_ptr<Connection>> connections() const;
  void RefuseConnections();
  // False where `deadline` came first.
  bool WaitUntilUnconnected(base::TimePoint deadline);

  // From now on calls are answered with `status`; returns the streams there are.
  std::vector<std::shared_ptr<Stream>> BeginDrain(absl::Status status);
  // Until no call is under way, or `deadline`.
  void WaitUntilIdle(base::TimePoint deadline = base::TimePoint::max());

 private:
  std::atomic<size_t> active_{0};
  std::atomic<bool> draining_{false};
  mutable base::Mutex mutex_;
  base::Condition idle_;
  base::Condition unconnected_;
  bool refusing_ GUARDED_BY(mutex_) = false;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_
      GUARDED_BY(mutex_);
  absl::Status drain_status_ GUARDED_BY(mutex_);
  std::unordered_map<const void*, std::weak_ptr<Stream>> streams_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::rpc
