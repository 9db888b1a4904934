// grpc.health.v1.Health: whether the server serves, for load balancers and probes. The only service
// it knows of is "", which stands for all.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <memory>
#include <unordered_set>

#include "base/mutex.h"
#include "rpc/service.h"

namespace kvshim::rpc {

class HealthService {
 public:
  // Refers to this, which must outlive the server.
  rpc::Service MakeService();

  void SetServing(bool serving);

 private:
  class Watcher;

  Message StatusMessage() const REQUIRES(mutex_);

  base::Mutex mutex_;
  bool serving_ GUARDED_BY(mutex_) = true;
  std::unordered_set<Watcher*> watchers_ GUARDED_BY(mutex_);
};

}  // namespace kvshim::rpc
