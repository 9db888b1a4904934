// Event: one committed change of one key, and its bytes as a field of an etcd WatchResponse.
//
// The bytes that do not come from a KeyValue (tags, lengths, type) are computed once, when the
// event is made; the rest is KeyValue::wire(), which the cache and every response share. A response
// for ten thousand watchers therefore encodes nothing: it appends three or four ready pieces.
//
// Thread safety: immutable after construction.
//
//   Event event(kv, prev_kv);
//   event.AppendTo(/*prev_kv=*/true, [&](std::string_view bytes) { message.AppendCopy(bytes); },
//                  [&](const KeyValue& kv) { message.Share(kv); });
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "kvshim/key_value.h"

namespace kvshim::watch {

class Event {
 public:
  // `kv` is the version written, a tombstone for a deletion; `prev_kv` the version before it, empty
  // where there was none or where it was not at hand.
  explicit Event(KeyValue kv, KeyValue prev_kv = {});

  const KeyValue& kv() const { return kv_; }
  const KeyValue& prev_kv() const { return prev_kv_; }
  int64_t revision() const { return kv_.mod_revision(); }
  bool is_delete() const { return kv_.is_tombstone(); }

  // True where the key existed before and `prev_kv` was not at hand: a watcher that asked for it
  // must be served from history.
  bool lacks_prev_kv() const { return !prev_kv_ && (is_delete() || kv_.version() > 1); }

  // The size of the field `events = 11` of WatchResponse, tag and length included.
  size_t wire_size(bool with_prev_kv) const;

  // The field itself, in order: `copy(std::string_view)` for the small pieces, which live as long
  // as this event, `share(const KeyValue&)` for a KeyValue's wire().
  template <typename Copy, typename Share>
  void AppendTo(bool with_prev_kv, Copy&& copy, Share&& share) const {
    const bool prev = with_prev_kv && prev_kv_;
    const Head& head = prev ? head_with_prev_ : head_;
    copy(std::string_view(head.bytes, head.size));
    share(kv_);
    if (!prev) return;
    copy(std::string_view(prev_head_.bytes, prev_head_.size));
    share(prev_kv_);
  }

 private:
  // Tags, lengths and the type that precede a KeyValue's bytes.
  struct Head {
    uint8_t size = 0;
    char bytes[15];
  };

  static Head MakeHead(bool is_delete, size_t kv_size, size_t tail_size);

  KeyValue kv_;
  KeyValue prev_kv_;
  Head head_;            // before kv, where no prev_kv follows
  Head head_with_prev_;  // before kv, where prev_kv follows
  Head prev_head_;       // before prev_kv
};

}  // namespace kvshim::watch
