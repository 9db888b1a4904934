// LocalWatch: a watch of this process: a stream of the hub whose responses go to a function.
//
// The function runs on a thread of the store's, one call at a time, never under the hub's lock; so
// responses wait here, and the hub sees them as pending until the function has taken them.
//
// Thread safety: created and destroyed by the caller; destroying waits for the call under way.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "base/executor.h"
#include "base/mutex.h"
#include "kvshim/store.h"
#include "watch/hub.h"

namespace kvshim::store {

class LocalWatch final : public Watch, private watch::Sink {
 public:
  using Observer = std::function<void(const WatchResponse&)>;

  LocalWatch(watch::Hub& hub, base::Executor& executor, Observer observer);
  ~LocalWatch() override;

  void Start(const WatchRequest& request);

 private:
  // What outlives the watch: a call that is queued when it ends.
  struct Mailbox {
    base::Mutex mutex;
    base::Condition idle;
    std::deque<std::pair<WatchResponse, size_t>> responses GUARDED_BY(mutex);
    bool running GUARDED_BY(mutex) = false;
    bool closed GUARDED_BY(mutex) = false;
    std::atomic<size_t> pending_bytes{0};
    Observer observer;
    watch::Stream* stream = nullptr;
    size_t low_water = 0;
  };

  void Send(const watch::Response& response) override;
  size_t pending_bytes() const override { return mailbox_->pending_bytes.load(); }
  void End(const absl::Status& status) override;
  void Post(WatchResponse response, size_t bytes);
  static void Deliver(const std::shared_ptr<Mailbox>& mailbox);

  base::Executor& executor_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::unique_ptr<watch::Stream> stream_;
};

}  // namespace kvshim::store
