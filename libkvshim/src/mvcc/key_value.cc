#include "kvshim/key_value.h"

#include <cstring>
#include <new>

#include "base/varint.h"

namespace kvshim {
namespace {

using base::PutVarint;
using base::VarintSize;

// Field tags of mvccpb.KeyValue: number << 3 | wire type.
constexpr char kKeyTag = 1 << 3 | 2;
constexpr char kCreateTag = 2 << 3;
constexpr char kModTag = 3 << 3;
constexpr char kVersionTag = 4 << 3;
constexpr char kValueTag = 5 << 3 | 2;
constexpr char kLeaseTag = 6 << 3;
// Of the whole, in the message around it.
constexpr char kOuterTag = 2 << 3 | 2;

size_t NumberSize(uint64_t number) { return number == 0 ? 0 : 1 + VarintSize(number); }

char* PutNumber(char* out, char tag, uint64_t number) {
  if (number == 0) return out;
  *out++ = tag;
  return PutVarint(out, number);
}

size_t BytesSize(std::string_view bytes) {
  return bytes.empty() ? 0 : 1 + VarintSize(bytes.size()) + bytes.size();
}

char* PutBytes(char* out, char tag, std::string_view bytes) {
  if (bytes.empty()) return out;
  *out++ = tag;
  out = PutVarint(out, bytes.size());
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

}  // namespace

KeyValue KeyValue::Make(const KeyValueFields& fields) {
  const auto create = static_cast<uint64_t>(fields.create_revision);
  const auto mod = static_cast<uint64_t>(fields.mod_revision);
  const auto version = static_cast<uint64_t>(fields.version);
  const auto lease = static_cast<uint64_t>(fields.lease);
  const size_t size = BytesSize(fields.key) + NumberSize(create) + NumberSize(mod) +
                      NumberSize(version) + BytesSize(fields.value) + NumberSize(lease);
  const size_t head_size = 1 + VarintSize(size);
  Rep* rep = new (::operator new(sizeof(Rep) + head_size + size)) Rep;
  rep->create_revision = fields.create_revision;
  rep->mod_revision = fields.mod_revision;
  rep->version = fields.version;
  rep->lease = fields.lease;
  rep->sub = fields.sub;
  rep->wire_size = static_cast<uint32_t>(size);
  rep->head_size = static_cast<uint8_t>(head_size);
  char* out = rep->bytes();
  *out++ = kOuterTag;
  out = PutVarint(out, size);
  out = PutBytes(out, kKeyTag, fields.key);
  rep->key_size = static_cast<uint32_t>(fields.key.size());
  rep->key_offset = static_cast<uint32_t>(out - rep->bytes()) - rep->key_size;
  out = PutNumber(out, kCreateTag, create);
  out = PutNumber(out, kModTag, mod);
  out = PutNumber(out, kVersionTag, version);
  out = PutBytes(out, kValueTag, fields.value);
  rep->value_size = static_cast<uint32_t>(fields.value.size());
  rep->value_offset = static_cast<uint32_t>(out - rep->bytes()) - rep->value_size;
  PutNumber(out, kLeaseTag, lease);
  return KeyValue(rep);
}

KeyValue KeyValue::Tombstone(std::string_view key, int64_t mod_revision, uint32_t sub) {
  return Make({.key = key, .mod_revision = mod_revision, .sub = sub});
}

void KeyValue::Free(Rep* rep) {
  rep->~Rep();
  ::operator delete(rep);
}

}  // namespace kvshim
