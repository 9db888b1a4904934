// WatchCache: every object of one kind in memory, and its recent changes, for lists and watches.
//
// The Feed (feed.h) tells it of every revision of the store, whatever that changed: so it knows how
// far it has come even where its own kind rests, and a list that must be consistent waits only
// until it has come to the revision that the store was at.
//
// It is filled at first use: from then on changes are kept, the kind is read from the store at some
// revision R, and the changes after R are put on top. Where the feed breaks off it is emptied, its
// watchers end, and it fills again when next asked.
//
// The kind of a custom resource may change, or go, while the program runs: then the cache is
// emptied and its watchers end; where the kind is gone nobody can list or watch it until it is
// back.
//
// Watchers hear of events in order, on the feed's thread, under no lock of the cache's but their
// own. One that begins in the past hears first what the ring of recent events holds; a beginning
// before that is Expired.
//
// Thread safety: every method may be called from any thread; those that wait say so.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "kinds/kind.h"
#include "kvshim/store.h"
#include "registry/stored_object.h"
#include "registry/watcher.h"

namespace kvplane::registry {

struct WatchCacheOptions {
  // How many recent events are kept for watchers that begin in the past, and their most bytes.
  size_t ring_events = 4096;
  size_t ring_bytes = size_t{8} << 20;
  // How long a list waits for the cache to come to a revision.
  std::chrono::milliseconds wait{3000};
  // How long others wait while one fills it.
  std::chrono::milliseconds load_wait{60000};
};

class WatchCache {
 public:
  WatchCache(kvshim::Store& store, const kinds::Kind& kind, const WatchCacheOptions& options)
      : store_(store), options_(options), custom_(kind.definition != nullptr), kind_(kind) {}
  WatchCache(const WatchCache&) = delete;
  WatchCache& operator=(const WatchCache&) = delete;

  struct Snapshot {
    int64_t revision = 0;
    std::vector<StoredObjectPtr> objects;  // in the order of their keys
  };

  // All objects under `prefix`, at a revision not older than `revision`. Waits; a revision that
  // does not come in time is TooLargeResourceVersion.
  absl::StatusOr<Snapshot> List(std::string_view prefix, int64_t revision);

  // Begins to tell `watcher` of every change after `revision`; where `initial`, of all objects
  // first, at a revision not older than that. Waits, as a list does. The watcher is handed over
  // busy (watcher.h): the caller tells it what is returned here, then lets it go on.
  struct Beginning {
    std::vector<StoredObjectPtr> objects;  // the initial ones
    std::vector<WatchEventPtr> events;     // recent ones, after `revision`
    int64_t revision = 0;                  // what comes next is after this one
  };
  absl::StatusOr<Beginning> StartWatch(const std::shared_ptr<Watcher>& watcher, int64_t revision,
                                       bool initial);
  // Forgets it. What it is being told just then goes on: see Watcher::Stop.
  void StopWatch(const std::shared_ptr<Watcher>& watcher);

  // From the feed, on its thread. The events are those under the kind's prefix.
  void Advance(const std::vector<kvshim::WatchEvent>& events, int64_t revision);
  void Reset();
  // What the objects are from now on; nothing where their kind is gone.
  void SetKind(std::optional<kinds::Kind> kind);
  // Gives each watcher that is due a bookmark, and forgets those that have ended.
  void Tick(std::chrono::steady_clock::time_point now);

  // Of custom resources.
  bool custom() const { return custom_; }
  // Whether the objects are read as that kind says; see Definition::SameObjects.
  bool IsOf(const kinds::Kind& kind);

 private:
  enum class State { kEmpty, kLoading, kLoaded };

  std::vector<std::shared_ptr<Watcher>> Empty() REQUIRES(mutex_);
  absl::Status EnsureLoaded();
  absl::Status Load(const kinds::Kind& kind, uint64_t resets);
  void Apply(const kvshim::WatchEvent& event) REQUIRES(mutex_);
  void Remember(WatchEventPtr event) REQUIRES(mutex_);
  absl::Status WaitFor(int64_t revision) REQUIRES(mutex_);

  kvshim::Store& store_;
  const WatchCacheOptions options_;
  const bool custom_;

  kvshim::base::Mutex mutex_;
  kvshim::base::Condition changed_;  // state_ or revision_
  kinds::Kind kind_ GUARDED_BY(mutex_);
  bool gone_ GUARDED_BY(mutex_) = false;  // the kind is
  State state_ GUARDED_BY(mutex_) = State::kEmpty;
  uint64_t resets_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, StoredObjectPtr, std::less<>> objects_ GUARDED_BY(mutex_);
  int64_t revision_ GUARDED_BY(mutex_) = 0;
  // While loading: what the feed has told since.
  std::vector<kvshim::WatchEvent> waiting_ GUARDED_BY(mutex_);
  // Recent events, all after ring_begin_.
  std::deque<WatchEventPtr> ring_ GUARDED_BY(mutex_);
  size_t ring_bytes_ GUARDED_BY(mutex_) = 0;
  int64_t ring_begin_ GUARDED_BY(mutex_) = 0;
  absl::flat_hash_set<std::shared_ptr<Watcher>> watchers_ GUARDED_BY(mutex_);
};

}  // namespace kvplane::registry
