// Fixed-width numbers in bytes, least significant first: what the chain hashes and stores.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvshim::log {

inline char* PutFixed32(char* out, uint32_t number) {
  for (int i = 0; i < 4; ++i) *out++ = static_cast<char>(number >> (8 * i));
  return out;
}

inline char* PutFixed64(char* out, uint64_t number) {
  for (int i = 0; i < 8; ++i) *out++ = static_cast<char>(number >> (8 * i));
  return out;
}

inline void AppendFixed32(std::string& out, uint32_t number) {
  char bytes[4];
  PutFixed32(bytes, number);
  out.append(bytes, sizeof(bytes));
}

inline void AppendFixed64(std::string& out, uint64_t number) {
  char bytes[8];
  PutFixed64(bytes, number);
  out.append(bytes, sizeof(bytes));
}

// The number in the first bytes of `in`, which has them.
inline uint64_t Fixed(std::string_view in, int width) {
  uint64_t number = 0;
  for (int i = width - 1; i >= 0; --i) {
    number = number << 8 | static_cast<unsigned char>(in[static_cast<size_t>(i)]);
  }
  return number;
}
inline uint32_t Fixed32(std::string_view in) { return static_cast<uint32_t>(Fixed(in, 4)); }
inline uint64_t Fixed64(std::string_view in) { return Fixed(in, 8); }

}  // namespace kvshim::log
