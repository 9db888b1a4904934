// History: committed revisions that have been published already, for watchers that start in the
// past or that fell behind.
//
// Thread safety: revision and compact_revision are called from any thread, under the hub's lock:
// they must be quick and take no lock that is held while the hub is called. Read is called by the
// thread that runs Hub::Pump only, without any lock; it may block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "mvcc/key_range.h"
#include "watch/event.h"

namespace kvshim::watch {

struct HistoryChunk {
  std::vector<Event> events;  // of whole revisions, in order
  // The first revision that was not looked at: every event of the range in [from, next) is in
  // `events`. At least from + 1, at most to + 1.
  int64_t next = 0;
};

class History {
 public:
  virtual ~History() = default;

  // The events of `range` in revisions [from, to], stopping after the first whole revision that
  // brings the chunk to `max_bytes` (so never empty-handed because one revision is larger). With
  // `prev_kv`, each event carries the version before it where there was one that is not compacted.
  // Requires from <= to <= the newest revision published.
  //
  // Fails with mvcc::Compacted() (kOutOfRange) where from < compact_revision at any moment of the
  // read: a chunk never misses events because a compaction ran beside it. Any other error is taken
  // to pass, and the read is tried again later.
  virtual absl::StatusOr<HistoryChunk> Read(const mvcc::KeyRange& range, int64_t from, int64_t to,
                                            size_t max_bytes, bool prev_kv) = 0;

  // The store's newest revision as clients see it: what a write already answered has, or more.
  virtual int64_t revision() const = 0;

  // History below it is gone; the same or more than what Read has failed for. -1 or 0: all there.
  virtual int64_t compact_revision() const = 0;
};

}  // namespace kvshim::watch
