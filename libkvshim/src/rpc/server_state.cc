#include "rpc/server_state.h"

namespace kvshim::rpc {

absl::Status ServerState::CallArrived(bool& counted) {
  counted = true;
  const size_t before = active_.fetch_add(1);
  if (draining_.load()) {
    CallOver(std::exchange(counted, false));
    base::MutexLock lock(mutex_);
    return drain_status_;
  }
  return before < options.max_concurrent_calls ? absl::OkStatus() : options.too_many_calls;
}

void ServerState::CallOver(bool counted) {
  if (!counted) return;
  if (active_.fetch_sub(1) == 1 && draining_.load()) {
    base::MutexLock lock(mutex_);
    idle_.NotifyAll();
  }
}

absl::Status ServerState::AddStream(std::weak_ptr<Stream> stream, const void* identity) {
  base::MutexLock lock(mutex_);
  if (draining_) return drain_status_;
  streams_.emplace(identity, std::move(stream));
  return absl::OkStatus();
}

void ServerState::RemoveStream(const void* identity) {
  base::MutexLock lock(mutex_);
  streams_.erase(identity);
}

bool ServerState::AddConnection(const std::shared_ptr<Connection>& connection) {
  base::MutexLock lock(mutex_);
  if (refusing_) return false;
  connections_.emplace(connection.get(), connection);
  return true;
}

void ServerState::ConnectionClosed(const Connection* connection) {
  std::shared_ptr<Connection> last;  // destroyed after the lock
  base::MutexLock lock(mutex_);
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  last = std::move(found->second);
  connections_.erase(found);
  if (connections_.empty()) unconnected_.NotifyAll();
}

std::vector<std::shared_ptr<Connection>> ServerState::connections() const {
  base::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  return all;
}

void ServerState::RefuseConnections() {
  base::MutexLock lock(mutex_);
  refusing_ = true;
}

bool ServerState::WaitUntilUnconnected(base::TimePoint deadline) {
  base::MutexLock lock(mutex_);
  while (!connections_.empty()) {
    if (deadline == base::TimePoint::max()) {
      unconnected_.Wait(mutex_);
    } else if (!unconnected_.WaitUntil(mutex_, deadline)) {
      return connections_.empty();
    }
  }
  return true;
}

std::vector<std::shared_ptr<Stream>> ServerState::BeginDrain(absl::Status status) {
  base::MutexLock lock(mutex_);
  drain_status_ = std::move(status);
  draining_ = true;
  std::vector<std::shared_ptr<Stream>> streams;
  for (const auto& [identity, weak] : streams_) {
    if (std::shared_ptr<Stream> stream = weak.lock()) streams.push_back(std::move(stream));
  }
  return streams;
}

void ServerState::WaitUntilIdle(base::TimePoint deadline) {
  base::MutexLock lock(mutex_);
  while (active_.load() != 0) {
    if (deadline == base::TimePoint::max()) {
      idle_.Wait(mutex_);
    } else if (!idle_.WaitUntil(mutex_, deadline)) {
      return;
    }
  }
}

}  // namespace kvshim::rpc
