#include "api/wire.h"

#include <algorithm>
#include <cstring>

namespace kvplane::api {

bool WireReader::Tag(uint32_t& number, WireType& type) {
  uint64_t tag;
  if (!Varint(tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return false;
  number = static_cast<uint32_t>(tag >> 3);
  type = static_cast<WireType>(tag & 7);
  return true;
}

bool WireReader::Varint(uint64_t& value) {
  value = 0;
  for (size_t at = 0; at < rest_.size() && at < 10; ++at) {
    const auto byte = static_cast<uint8_t>(rest_[at]);
    if (at == 9 && byte > 1) return false;
    value |= uint64_t{byte & 0x7fU} << (7 * at);
    if (byte < 0x80) {
      rest_.remove_prefix(at + 1);
      return true;
    }
  }
  return false;
}

bool WireReader::Fixed64(uint64_t& value) {
  if (rest_.size() < 8) return false;
  value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<uint8_t>(rest_[i]);
  rest_.remove_prefix(8);
  return true;
}

bool WireReader::Bytes(std::string_view& bytes) {
  uint64_t length;
  if (!Varint(length) || length > rest_.size()) return false;
  bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

bool WireReader::Skip(WireType type) {
  uint64_t number;
  std::string_view bytes;
  switch (type) {
    case WireType::kVarint:
      return Varint(number);
    case WireType::kFixed64:
      return Fixed64(number);
    case WireType::kBytes:
      return Bytes(bytes);
    case WireType::kFixed32:
      if (rest_.size() < 4) return false;
      rest_.remove_prefix(4);
      return true;
  }
  return false;  // groups, which the API never had
}

void WireWriter::Fixed64(uint32_t number, uint64_t value) {
  char* at = Reserve(8);
  for (int i = 0; i < 8; ++i) at[i] = static_cast<char>(value >> (8 * i));
  Tag(number, WireType::kFixed64);
}

void WireWriter::String(uint32_t number, std::string_view text) {
  Raw(text);
  RawVarint(text.size());
  Tag(number, WireType::kBytes);
}

void WireWriter::Raw(std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
}

void WireWriter::RawVarint(uint64_t value) {
  char bytes[10];
  size_t length = 0;
  for (; value >= 0x80; value >>= 7) bytes[length++] = static_cast<char>(value | 0x80);
  bytes[length++] = static_cast<char>(value);
  std::memcpy(Reserve(length), bytes, length);
}

char* WireWriter::Reserve(size_t bytes) {
  if (buffer_ == nullptr || static_cast<size_t>(front_ - buffer_.get()) < bytes) {
    const size_t used = buffer_ == nullptr ? 0 : size();
    const size_t capacity = std::max<size_t>({1024, capacity_ * 2, used + bytes});
    std::unique_ptr<char[]> larger(new char[capacity]);
    char* front = larger.get() + capacity - used;
    if (used > 0) std::memcpy(front, front_, used);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    front_ = front;
  }
  front_ -= bytes;
  return front_;
}

}  // namespace kvplane::api
