#include "api/utf8.h"

#include <cstdint>
#include <cstring>

namespace kvplane::api {

size_t Utf8Length(std::string_view text) {
  const auto byte = [text](size_t at) -> uint8_t {
    return at < text.size() ? static_cast<uint8_t>(text[at]) : 0;
  };
  const auto continues = [&byte](size_t at) { return (byte(at) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  const uint8_t second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    // Eight bytes of ASCII at a time.
    uint64_t word;
    if (text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & 0x8080808080808080ULL) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    }
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace kvplane::api
