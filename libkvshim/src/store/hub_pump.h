// HubPump: the thread that lets the hub catch watchers up and speak of progress.
//
// Thread safety: Wake from any thread, under any lock; Stop once.
#pragma once

#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "watch/hub.h"

namespace kvshim::store {

class HubPump {
 public:
  explicit HubPump(base::Clock& clock) : clock_(clock) {}
  ~HubPump() { Stop(); }

  void Start(watch::Hub& hub);
  void Wake();
  void Stop();

 private:
  void Run(watch::Hub& hub);

  base::Clock& clock_;
  base::Mutex mutex_;
  base::Condition changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvshim::store
