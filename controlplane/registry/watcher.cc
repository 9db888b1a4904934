#include "registry/watcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/overloaded.h"

namespace kvplane::registry {

using kvshim::base::MutexLock;
using kvshim::base::TimePoint;

namespace {

// How long before a watch's deadline it is told for the last time how far it has come, so that the
// next one can begin there. The feed's ticks, a second apart, must come to it.
constexpr std::chrono::seconds kLastBookmark(2);

}  // namespace

Watcher::Watcher(std::unique_ptr<Listener> listener, const Bookmarks& bookmarks, TimePoint now)
    : listener_(std::move(listener)), bookmarks_(bookmarks), next_bookmark_(NextBookmark(now)) {}

TimePoint Watcher::NextBookmark(TimePoint now) const {
  if (bookmarks_.every == bookmarks_.every.zero()) return TimePoint::max();
  const TimePoint next = now + bookmarks_.every;
  if (bookmarks_.deadline == TimePoint::max()) return next;
  const TimePoint last = bookmarks_.deadline - kLastBookmark;
  if (now >= last) return TimePoint::max();
  return std::min(next, last);
}

void Watcher::Push(Item item) {
  MutexLock lock(mutex_);
  if (!ended_) queue_.push_back(std::move(item));
}

bool Watcher::BookmarkDue(TimePoint now) {
  MutexLock lock(mutex_);
  if (now < next_bookmark_) return false;
  next_bookmark_ = NextBookmark(now);
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
