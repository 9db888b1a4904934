#include "api/base64.h"

#include <array>
#include <cstdint>

#include "base/strings.h"

namespace kvplane::api {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int16_t, 256> kValues = [] {
  std::array<int16_t, 256> values{};
  values.fill(-1);
  for (int16_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = i;
  return values;
}();

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text) {
  const auto illegal = [](size_t at) {
    return absl::InvalidArgumentError(
        kvshim::base::Concat("illegal base64 data at input byte ", at));
  };
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int digits = 0;
  int padding = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n' || c == '\r') continue;
    const int value = kValues[static_cast<unsigned char>(c)];
    if (c == '=' && digits >= 2) {
      ++padding;
    } else if (value < 0 || padding > 0) {
      return illegal(at);
    }
    if (c == '=' && (digits < 2 || padding > 2)) return illegal(at);
    bits = bits << 6 | static_cast<uint32_t>(c == '=' ? 0 : value);
    if (++digits < 4) continue;
    out += static_cast<char>(bits >> 16 & 255);
    if (padding < 2) out += static_cast<char>(bits >> 8 & 255);
    if (padding < 1) out += static_cast<char>(bits & 255);
    digits = 0;
    bits = 0;
    if (padding > 0) {
      padding = 3;  // nothing may follow
    }
  }
  if (digits != 0) return illegal(text.size());
  return out;
}

}  // namespace kvplane::api
