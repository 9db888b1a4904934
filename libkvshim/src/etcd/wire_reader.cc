#include "etcd/wire_reader.h"

#include <vector>

#include "base/varint.h"

namespace kvshim::etcd {
namespace {

constexpr size_t kMaxGroups = 100;

}  // namespace

bool WireReader::Next() {
  if (!ok_ || at_ == end_) return false;
  ok_ = Tag(field_) && Read();
  return ok_;
}

// Five bytes at most, and of these 32 bits, as protobuf has it.
bool WireReader::Tag(uint32_t& field) {
  uint32_t tag = 0;
  int shift = 0;
  unsigned char byte = 0x80;
  for (; byte >= 0x80; shift += 7) {
    if (at_ == end_ || shift == 35) return false;
    byte = static_cast<unsigned char>(*at_++);
    tag |= static_cast<uint32_t>(byte & 0x7f) << shift;
  }
  field = tag >> 3;
  type_ = static_cast<Type>(tag & 7);
  return field != 0;
}

bool WireReader::Read() {
  switch (type_) {
    case kVarint:
      return Varint(number_);
    case kFixed64:
      return Skip(8);
    case kFixed32:
      return Skip(4);
    case kBytes: {
      uint64_t size = 0;
      if (!Varint(size)) return false;
      const char* begin = at_;
      if (!Skip(size)) return false;
      bytes_ = {begin, static_cast<size_t>(size)};
      return true;
    }
    case kGroup:
      return SkipGroup();
    default:
      return false;
  }
}

// Nobody writes groups any more; an unknown field may be one.
bool WireReader::SkipGroup() {
  std::vector<uint32_t> open{field_};
  while (!open.empty()) {
    uint32_t field = 0;
    if (!Tag(field)) return false;
    if (type_ == kEndGroup) {
      if (open.back() != field) return false;
      open.pop_back();
    } else if (type_ == kGroup) {
      if (open.size() == kMaxGroups) return false;
      open.push_back(field);
    } else if (!Read()) {
      return false;
    }
  }
  type_ = kGroup;
  return true;
}

bool WireReader::Varint(uint64_t& number) {
  const char* const end = base::ReadVarint(at_, end_, number);
  if (end == nullptr) return false;
  at_ = end;
  return true;
}

bool WireReader::Skip(uint64_t count) {
  if (count > static_cast<uint64_t>(end_ - at_)) return false;
  at_ += count;
  return true;
}

}  // namespace kvshim::etcd
