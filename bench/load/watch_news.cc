#include "watch_news.h"

#include <cstdint>

#include "base/status.h"

namespace kvshim::bench {
namespace {

// Numbers of fields in etcd's rpc.proto and kv.proto.
constexpr uint64_t kCreated = 3;
constexpr uint64_t kCanceled = 4;
constexpr uint64_t kCancelReason = 6;
constexpr uint64_t kEvents = 11;
constexpr uint64_t kEventKv = 2;
constexpr uint64_t kKvValue = 5;

// One field of a message: a number, or bytes.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
};

bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool TakeField(std::string_view& bytes, Field& field) {
  constexpr uint64_t kVarint = 0;
  constexpr uint64_t kBytes = 2;
  uint64_t tag = 0;
  if (!TakeVarint(bytes, tag) || !TakeVarint(bytes, field.value)) return false;
  field.number = tag >> 3;
  if ((tag & 7) == kVarint) return true;
  if ((tag & 7) != kBytes || field.value > bytes.size()) return false;
  field.bytes = bytes.substr(0, field.value);
  bytes.remove_prefix(field.value);
  return true;
}

// The bytes of field `number`; empty where it is not there.
bool Find(std::string_view bytes, uint64_t number, std::string_view& found) {
  found = {};
  Field field;
  while (!bytes.empty()) {
    if (!TakeField(bytes, field)) return false;
    if (field.number == number) found = field.bytes;
  }
  return true;
}

}  // namespace

absl::Status WatchNews::Read(std::string_view bytes) {
  created = canceled = false;
  cancel_reason = {};
  values.clear();
  const auto unreadable = absl::InternalError("the server's watch response cannot be parsed");
  Field field;
  while (!bytes.empty()) {
    if (!TakeField(bytes, field)) return unreadable;
    if (field.number == kCreated) created = field.value != 0;
    if (field.number == kCanceled) canceled = field.value != 0;
    if (field.number == kCancelReason) cancel_reason = field.bytes;
    if (field.number != kEvents) continue;
    std::string_view kv;
    std::string_view value;
    if (!Find(field.bytes, kEventKv, kv) || !Find(kv, kKvValue, value)) return unreadable;
    values.push_back(value);
  }
  return absl::OkStatus();
}

}  // namespace kvshim::bench
