#include "api/quote.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "api/utf8.h"

namespace kvplane::api {

namespace {

std::string_view Named(char c) {
  switch (c) {
    case '\a':
      return "\\a";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\v':
      return "\\v";
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    default:
      return {};
  }
}

// The code point of a well-formed sequence of several bytes.
uint32_t Decode(std::string_view sequence) {
  uint32_t point = static_cast<uint8_t>(sequence[0]) & (0xffU >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) point = point << 6 | (static_cast<uint8_t>(c) & 0x3fU);
  return point;
}

// Of those beyond ASCII; the blocks that Go's unicode tables do not count as graphic and that turn
// up.
bool IsPrintable(uint32_t point) {
  return point >= 0xa1 && point != 0xad && !(point >= 0x2000 && point <= 0x200f) &&
         !(point >= 0x2028 && point <= 0x202f) && !(point >= 0x205f && point <= 0x206f) &&
         point != 0x3000 && !(point >= 0xe000 && point <= 0xf8ff) && point != 0xfeff &&
         !(point >= 0xfff0 && point <= 0xfffb);
}

void AppendHex(std::string& out, const char* format, uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), format, value);
  out += text;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto first = static_cast<uint8_t>(text[0]);
    const size_t length = Utf8Length(text);
    if (const auto named = Named(text[0]); !named.empty()) {
      out += named;
    } else if (first < 0x20 || first == 0x7f || length == 0) {
      AppendHex(out, "\\x%02x", first);
    } else if (length == 1 || IsPrintable(Decode(text.substr(0, length)))) {
      out += text.substr(0, length);
    } else {
      const uint32_t point = Decode(text.substr(0, length));
      AppendHex(out, point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out += '"';
}

}  // namespace kvplane::api
