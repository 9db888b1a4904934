// Bytes as hexadecimal digits.
//
// Thread safety: pure.
#pragma once

#include <string>
#include <string_view>

namespace kvplane::cluster {

inline std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace kvplane::cluster
