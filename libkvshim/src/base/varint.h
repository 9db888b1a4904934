// Varints: numbers as protobuf writes them, seven bits a byte, the lowest first.
//
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvshim::base {

inline constexpr size_t kMaxVarintSize = 10;

// Returns where it ends.
inline char* PutVarint(char* out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) *out++ = static_cast<char>(number | 0x80);
  *out++ = static_cast<char>(number);
  return out;
}

inline size_t VarintSize(uint64_t number) {
  size_t size = 1;
  for (; number >= 0x80; number >>= 7) ++size;
  return size;
}

// Returns where it ends, or null where it does not end before `end` or is longer than any number.
inline const char* ReadVarint(const char* in, const char* end, uint64_t& number) {
  constexpr int kMaxBits = 7 * static_cast<int>(kMaxVarintSize);
  number = 0;
  for (int shift = 0; shift < kMaxBits && in != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*in++);
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return in;
  }
  return nullptr;
}

}  // namespace kvshim::base
