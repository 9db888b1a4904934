// Response: what a watcher is told, before it is encoded.
//
// It refers to memory of the hub that is valid during Sink::Send only; KeyValue handles taken from
// its events may be kept.
//
// Forms, told apart by the flags:
//   created                 the watcher exists; comes before anything else of it
//   created and canceled    it could not be created: watch_id is kNoWatch, cancel_reason says why
//   canceled                it has ended: asked for, or its next revision was compacted
//                           (compact_revision > 0), or the hub says why in cancel_reason
//   events                  all of the watcher's events of one or more whole revisions
//   none of these           progress: every event up to `revision` has been sent; watch_id is
//                           kNoWatch where it speaks for all watchers of the stream
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvshim/watch.h"
#include "watch/event.h"

namespace kvshim::watch {

struct Response {
  WatchId watch_id = kNoWatch;
  // For the header: the store's revision where created or canceled by the client, 0 where canceled
  // because of a compaction (as etcd has it), otherwise the revision up to which the watcher has
  // now been served.
  int64_t revision = 0;
  bool created = false;
  bool canceled = false;
  int64_t compact_revision = 0;
  std::string_view cancel_reason;

  std::span<const Event* const> events;
  bool prev_kv = false;   // encode the events with prev_kv
  bool fragment = false;  // the client allows the sink to split the events (see fragment.h)
};

}  // namespace kvshim::watch
