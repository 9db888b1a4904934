#include "registry/watcher.h"

#include <utility>

#include "base/overloaded.h"

namespace kvplane::registry {

using kvshim::base::MutexLock;

Watcher::Watcher(std::unique_ptr<Listener> listener, std::chrono::steady_clock::duration bookmarks)
    : listener_(std::move(listener)),
      bookmarks_(bookmarks),
      next_bookmark_(std::chrono::steady_clock::now() + bookmarks) {}

void Watcher::Push(Item item) {
  MutexLock lock(mutex_);
  if (!ended_) queue_.push_back(std::move(item));
}

bool Watcher::BookmarkDue(std::chrono::steady_clock::time_point now) {
  MutexLock lock(mutex_);
  if (bookmarks_ == bookmarks_.zero() || now < next_bookmark_) return false;
  next_bookmark_ = now + bookmarks_;
  return true;
}

void Watcher::Drain() {
  {
    MutexLock lock(mutex_);
    if (busy_) return;
    busy_ = true;
  }
  DrainBusy();
}

void Watcher::GoOn() { DrainBusy(); }

void Watcher::Stop() {
  MutexLock lock(mutex_);
  ended_ = true;
  while (telling_) told_.Wait(mutex_);
}

bool Watcher::ended() const {
  MutexLock lock(mutex_);
  return ended_;
}

void Watcher::DrainBusy() {
  for (;;) {
    Item item;
    {
      MutexLock lock(mutex_);
      if (ended_ || queue_.empty()) {
        queue_.clear();
        busy_ = false;
        return;
      }
      item = std::move(queue_.front());
      queue_.pop_front();
      telling_ = true;
    }
    const bool more = Tell(item);
    MutexLock lock(mutex_);
    telling_ = false;
    if (!more) ended_ = true;
    told_.NotifyAll();
  }
}

bool Watcher::Tell(const Item& item) {
  return std::visit(kvshim::base::Overloaded{
                        [&](const WatchEventPtr& event) { return listener_->OnEvent(*event); },
                        [&](int64_t revision) { return listener_->OnBookmark(revision); },
                        [&](End) {
                          listener_->OnEnd();
                          return false;
                        }},
                    item);
}

}  // namespace kvplane::registry
