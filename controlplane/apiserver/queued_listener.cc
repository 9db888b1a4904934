#include "apiserver/queued_listener.h"

#include <cstddef>
#include <deque>
#include <utility>

#include "base/mutex.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::MutexLock;
using Listener = registry::Watcher::Listener;

// A watch that is further behind ends: its client lists anew.
constexpr size_t kMostQueued = 10000;

}  // namespace

struct QueuedListener::Queue {
  std::unique_ptr<Listener> inner;  // of whoever works
  kvshim::base::Mutex mutex;
  std::deque<Call> calls GUARDED_BY(mutex);
  bool working GUARDED_BY(mutex) = false;  // somebody takes the calls to their end
  bool ended GUARDED_BY(mutex) = false;
};

QueuedListener::QueuedListener(std::unique_ptr<Listener> inner,
                               std::weak_ptr<kvshim::base::Executor> executor)
    : queue_(std::make_shared<Queue>()), executor_(std::move(executor)) {
  queue_->inner = std::move(inner);
}

bool QueuedListener::OnEvent(const registry::WatchEvent& event) {
  return Put([event](Listener& inner) { return inner.OnEvent(event); });
}

bool QueuedListener::OnBookmark(int64_t revision) {
  return Put([revision](Listener& inner) { return inner.OnBookmark(revision); });
}

void QueuedListener::OnEnd() {
  (void)Put([](Listener& inner) {
    inner.OnEnd();
    return false;
  });
}

bool QueuedListener::Put(Call call) {
  {
    MutexLock lock(queue_->mutex);
    if (queue_->ended) return false;
    if (queue_->calls.size() >= kMostQueued) {
      queue_->calls.clear();
      call = [](Listener& inner) {
        inner.OnEnd();
        return false;
      };
    }
    queue_->calls.push_back(std::move(call));
    if (std::exchange(queue_->working, true)) return true;
  }
  const auto executor = executor_.lock();
  return executor != nullptr && executor->Submit([queue = queue_] { Work(queue); });
}

void QueuedListener::Work(const std::shared_ptr<Queue>& queue) {
  for (;;) {
    Call call;
    {
      MutexLock lock(queue->mutex);
      if (queue->ended || queue->calls.empty()) {
        queue->working = false;
        return;
      }
      call = std::move(queue->calls.front());
      queue->calls.pop_front();
    }
    if (call(*queue->inner)) continue;
    MutexLock lock(queue->mutex);
    queue->ended = true;
    queue->calls.clear();
  }
}

}  // namespace kvplane::apiserver
