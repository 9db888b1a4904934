// RemoteWatch: a watch that outlives the connections it is made of. Where one breaks off it goes on
// with another server, from the revision after the last one that it has told of: its observer hears
// everything once, in order. It ends only by what the observer is told: history was compacted, or
// the request cannot be.
//
// A revision's events come together, so that the last event's revision is how far it has come;
// progress without events says how far where there are none.
//
// Thread safety: created and destroyed by the caller; destroying waits for the observer's call
// under way. Not to be destroyed by the observer.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "kvshim/store.h"
#include "remote/cluster.h"

namespace kvshim::remote {

class RemoteWatch final : public Watch {
 public:
  using Observer = std::function<void(const WatchResponse&)>;

  // `cluster` must outlive it.
  RemoteWatch(Cluster& cluster, WatchRequest request, Observer observer);
  ~RemoteWatch() override;

 private:
  void Run();
  // One connection's share; false where the watch is over.
  bool Follow();
  bool Take(const etcdserverpb::WatchResponse& message);
  void Tell(const WatchResponse& response) { observer_(response); }
  void End(const std::string& reason);
  // False where the watch is to end.
  bool Pause();

  Cluster& cluster_;
  WatchRequest request_;  // its start moves on as events come
  const Observer observer_;
  bool told_created_ = false;  // of the thread, as is the request's start
  base::Mutex mutex_;
  base::Condition changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

}  // namespace kvshim::remote
