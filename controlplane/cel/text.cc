#include "cel/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace kvplane::cel {

using kvshim::base::Concat;

namespace {

// A fraction of a second: ".5", or nothing.
std::string Fraction(int64_t nanos) {
  if (nanos == 0) return {};
  char digits[16];
  std::snprintf(digits, sizeof(digits), ".%09d", static_cast<int>(nanos));
  std::string out = digits;
  while (out.ends_with('0')) out.pop_back();
  return out;
}

}  // namespace

std::string TextOf(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  char digits[400];
  auto end = std::to_chars(digits, digits + sizeof(digits), number, std::chars_format::scientific);
  const std::string_view scientific(digits, end.ptr);
  const size_t mark = scientific.find('e');
  int exponent = 0;
  const char* const sign = digits + mark + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, end.ptr, exponent);
  if (exponent < -4 || exponent >= 6) return std::string(scientific);
  end = std::to_chars(digits, digits + sizeof(digits), number, std::chars_format::fixed);
  return {digits, end.ptr};
}

std::string TextOf(api::Timestamp time) {
  std::string out = api::FormatTime({time.seconds, 0});
  out.pop_back();
  return Concat(out, Fraction(time.nanos), "Z");
}

std::string TextOfDuration(int64_t nanos) {
  constexpr int64_t kSecond = 1000000000;
  return Concat(nanos < 0 ? "-" : "", std::abs(nanos / kSecond),
                Fraction(std::abs(nanos % kSecond)), "s");
}

size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

size_t ByteOf(std::string_view text, size_t character) {
  size_t byte = 0;
  while (byte < text.size()) {
    if ((static_cast<unsigned char>(text[byte]) & 0xc0) != 0x80 && character-- == 0) return byte;
    ++byte;
  }
  return text.size();
}

}  // namespace kvplane::cel
