// Watches: every change of a range of keys, in order, gapless, each once, from any revision that
// is not compacted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvshim/key_value.h"

namespace kvshim {

// A watch's identity within its stream, assigned from 0 or chosen by the client.
enum class WatchId : int64_t {};
inline constexpr WatchId kNoWatch{-1};

struct WatchRequest {
  std::string key;
  std::string range_end;         // as in RangeRequest
  int64_t start_revision = 0;    // first revision of interest; 0: from now on
  bool no_put = false;           // leave puts out
  bool no_delete = false;        // leave deletions out
  bool prev_kv = false;          // events carry the version before
  bool progress_notify = false;  // say now and then how far an idle watch has come
};

struct WatchEvent {
  KeyValue kv;       // a tombstone for a deletion
  KeyValue prev_kv;  // empty unless asked for and there was one
  bool is_delete() const { return kv.is_tombstone(); }
};

// What a watch hears: events (all those of a revision together), progress (no events), or its end.
struct WatchResponse {
  WatchId watch_id = kNoWatch;
  int64_t revision = 0;  // every event up to this revision has been delivered
  bool created = false;
  bool canceled = false;
  int64_t compact_revision = 0;  // set where canceled because the start was compacted
  std::string cancel_reason;
  std::vector<WatchEvent> events;
};

}  // namespace kvshim
