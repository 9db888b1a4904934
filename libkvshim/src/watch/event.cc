#include "watch/event.h"

#include "base/varint.h"

namespace kvshim::watch {
namespace {

using base::PutVarint;
using base::VarintSize;

// Tags: number << 3 | wire type.
constexpr char kEventsTag = 11 << 3 | 2;  // WatchResponse.events
constexpr char kTypeTag = 1 << 3;         // mvccpb.Event.type
constexpr char kKvTag = 2 << 3 | 2;
constexpr char kPrevKvTag = 3 << 3 | 2;
constexpr char kDelete = 1;

}  // namespace

Event::Head Event::MakeHead(bool is_delete, size_t kv_size, size_t tail_size) {
  const size_t type_size = is_delete ? 2 : 0;
  Head head;
  char* out = head.bytes;
  *out++ = kEventsTag;
  out = PutVarint(out, type_size + 1 + VarintSize(kv_size) + kv_size + tail_size);
  if (is_delete) {
    *out++ = kTypeTag;
    *out++ = kDelete;
  }
  *out++ = kKvTag;
  out = PutVarint(out, kv_size);
  head.size = static_cast<uint8_t>(out - head.bytes);
  return head;
}

Event::Event(KeyValue kv, KeyValue prev_kv) : kv_(std::move(kv)), prev_kv_(std::move(prev_kv)) {
  const size_t kv_size = kv_.wire().size();
  head_ = MakeHead(is_delete(), kv_size, 0);
  if (!prev_kv_) return;
  const size_t prev_size = prev_kv_.wire().size();
  char* out = prev_head_.bytes;
  *out++ = kPrevKvTag;
  out = PutVarint(out, prev_size);
  prev_head_.size = static_cast<uint8_t>(out - prev_head_.bytes);
  head_with_prev_ = MakeHead(is_delete(), kv_size, prev_head_.size + prev_size);
}

size_t Event::wire_size(bool with_prev_kv) const {
  if (!with_prev_kv || !prev_kv_) return head_.size + kv_.wire().size();
  return head_with_prev_.size + kv_.wire().size() + prev_head_.size + prev_kv_.wire().size();
}

}  // namespace kvshim::watch
