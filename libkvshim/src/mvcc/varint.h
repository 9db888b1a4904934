// Varints: numbers as protobuf writes them, seven bits a byte, the lowest first.
//
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvshim::mvcc {

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

}  // namespace kvshim::mvcc
