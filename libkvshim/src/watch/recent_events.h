// RecentEvents: the last published revisions, so that a watcher a little behind is brought up to
// date from memory, under the hub's lock, without a read of history. Bounded; whole revisions.
//
// Thread safety: none; the hub's lock guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "mvcc/key_range.h"
#include "watch/event.h"

namespace kvshim::watch {

class RecentEvents {
 public:
  // Holds nothing; revisions after `revision` will be added.
  RecentEvents(int64_t revision, size_t max_events, size_t max_bytes)
      : first_(revision + 1), max_events_(max_events), max_bytes_(max_bytes) {}

  // Whole revisions, above all added before.
  void Add(std::span<const Event> events);
  // Forgets all; revisions after `revision` will be added.
  void Reset(int64_t revision);

  // Whether every published event at or above `revision` is here.
  bool Covers(int64_t revision) const { return revision >= first_; }

  // Appends the events of the range at or above `from`. The pointers are valid until the next Add.
  void Collect(const mvcc::KeyRange& range, int64_t from, std::vector<const Event*>& out) const;

 private:
  void DropOldestRevision();

  std::deque<Event> events_;
  size_t bytes_ = 0;
  int64_t first_;
  size_t max_events_;
  size_t max_bytes_;
};

}  // namespace kvshim::watch
