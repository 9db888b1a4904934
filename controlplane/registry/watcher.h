// Watcher: one watch of a kind. Its cache queues events; whoever queues while nobody is at it takes
// the queue to its end, so that what it does comes in order, on one thread at a time, and outside
// the cache's lock.
//
// It is born busy: events are only queued until the one who made it has sent what was before them
// and calls GoOn.
//
// Whoever destroys what a listener refers to calls Stop first: the cache forgets a watcher without
// waiting for a thread that is telling it something just then.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"
#include "registry/stored_object.h"

namespace kvplane::registry {

enum class WatchEventType { kAdded, kModified, kDeleted };

struct WatchEvent {
  WatchEventType type = WatchEventType::kAdded;
  StoredObjectPtr object;    // for a deletion the last state, at the revision of the deletion
  StoredObjectPtr previous;  // null for what was added
  int64_t revision = 0;
};
using WatchEventPtr = std::shared_ptr<const WatchEvent>;

// When a watch wants to be told how far it has come: again and again, and shortly before it ends.
struct Bookmarks {
  kvshim::base::Duration every{0};                                    // zero: never
  kvshim::base::TimePoint deadline = kvshim::base::TimePoint::max();  // of the watch
};

class Watcher {
 public:
  // What a watch hears. False ends it.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual bool OnEvent(const WatchEvent& event) = 0;
    virtual bool OnBookmark(int64_t revision) = 0;
    virtual void OnEnd() = 0;
  };

  explicit Watcher(std::unique_ptr<Listener> listener, const Bookmarks& bookmarks = {},
                   kvshim::base::TimePoint now = kvshim::base::Clock::Real().Now());

  Listener& listener() { return *listener_; }

  void Queue(WatchEventPtr event) { Push(std::move(event)); }
  void QueueBookmark(int64_t revision) { Push(revision); }
  // The last thing that is heard; more than one is one.
  void QueueEnd() { Push(End()); }
  // Once each time one is due.
  bool BookmarkDue(kvshim::base::TimePoint now);

  // Takes the queue to its end, unless somebody is at it.
  void Drain();
  // Ends being busy from birth.
  void GoOn();
  // The listener hears nothing more once it returns: waits for what it is being told. Not to be
  // called by the listener, nor under a lock that it takes.
  void Stop();
  bool ended() const;

 private:
  struct End {};
  using Item = std::variant<WatchEventPtr, int64_t, End>;

  kvshim::base::TimePoint NextBookmark(kvshim::base::TimePoint now) const;
  void Push(Item item);
  void DrainBusy();
  bool Tell(const Item& item);

  const std::unique_ptr<Listener> listener_;
  const Bookmarks bookmarks_;
  mutable kvshim::base::Mutex mutex_;
  std::deque<Item> queue_ GUARDED_BY(mutex_);
  bool busy_ GUARDED_BY(mutex_) = true;
  bool ended_ GUARDED_BY(mutex_) = false;
  bool telling_ GUARDED_BY(mutex_) = false;  // the listener is in a call
  kvshim::base::Condition told_;             // telling_ fell
  kvshim::base::TimePoint next_bookmark_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::registry
