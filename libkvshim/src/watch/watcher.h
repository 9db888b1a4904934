// Watcher, RangeGroup, StreamState: the hub's own records. All of it lies under the hub's lock,
// except where a field says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "kvshim/watch.h"
#include "mvcc/key_range.h"
#include "watch/event.h"
#include "watch/list.h"
#include "watch/sink.h"

namespace kvshim::watch {

struct RangeGroup;
struct StreamState;

enum class WatcherState : uint8_t {
  kSynced,  // in group->synced
  kReady,   // unsynced, in the hub's ready queue and in group->ready
  kParked,  // unsynced, in stream->parked: the stream has too many bytes waiting
  kEnded,   // ended by the hub; its id stays taken until the client cancels it, as etcd has it
};

struct Watcher {
  WatchId id = kNoWatch;
  StreamState* stream = nullptr;
  RangeGroup* group = nullptr;  // null where ended

  WatcherState state = WatcherState::kEnded;
  bool no_put = false;
  bool no_delete = false;
  bool prev_kv = false;
  bool fragment = false;
  bool progress_notify = false;
  bool idle = true;            // no event was sent since the stream's last progress tick
  bool needs_history = false;  // the recent events lack the prev_kv it wants

  // Synced: events below it are not wanted (it started in the future). Unsynced: the first revision
  // that was not sent.
  int64_t next = 0;

  size_t slot = 0;            // in group->synced
  Hook<Watcher> queue;        // the hub's ready queue or stream->parked
  Hook<Watcher> group_queue;  // group->ready
};

using WatcherQueue = List<Watcher, &Watcher::queue>;

// The watchers of one range. What matches once matches for all of them.
struct RangeGroup {
  explicit RangeGroup(const mvcc::KeyRange& key_range) : range(key_range) {}

  mvcc::KeyRange range;
  size_t watchers = 0;       // not ended
  size_t prev_watchers = 0;  // of these, with prev_kv
  bool pinned = false;       // Pump reads history for it: it must not go away
  std::vector<Watcher*> synced;
  List<Watcher, &Watcher::group_queue> ready;

  // The events of the publish under way that are in the range.
  std::vector<const Event*> events;

  // Range tree (range_tree.h).
  uint32_t priority = 0;
  RangeGroup* left = nullptr;
  RangeGroup* right = nullptr;
  const RangeGroup* furthest = nullptr;  // whose range ends last in this subtree
};

struct StreamState {
  explicit StreamState(Sink& stream_sink) : sink(stream_sink) {}

  Sink& sink;
  bool ended = false;
  int64_t next_id = 0;
  absl::flat_hash_map<WatchId, std::unique_ptr<Watcher>> watchers;
  size_t live = 0;  // not ended
  size_t unsynced = 0;
  size_t progress_watchers = 0;
  bool progress_asked = false;
  WatcherQueue parked;

  base::Duration tick_interval{};
  base::TimePoint tick = base::TimePoint::max();  // next progress; max where there is none

  // Set under the hub's lock, read by Drained without it.
  std::atomic<bool> blocked{false};
  bool drained = false;  // in the hub's list of drained streams; under that list's lock
};

}  // namespace kvshim::watch
