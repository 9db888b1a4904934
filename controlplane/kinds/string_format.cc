#include "kinds/string_format.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

#include "api/base64.h"
#include "api/names.h"
#include "api/timestamp.h"

namespace kvplane::kinds {

namespace {

bool Matches(std::string_view text, const re2::RE2& expression) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), expression);
}

bool IsAddress(std::string_view text, int family) {
  unsigned char bytes[16];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool IsCidr(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view length = text.substr(slash + 1);
  int bits = -1;
  const auto read = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (read.ec != std::errc() || read.ptr != length.data() + length.size() || bits < 0) return false;
  const std::string_view address = text.substr(0, slash);
  return (bits <= 32 && IsAddress(address, AF_INET)) ||
         (bits <= 128 && IsAddress(address, AF_INET6));
}

// As Go's net/url.ParseRequestURI takes it: an absolute URI, or an absolute path.
bool IsUri(std::string_view text) {
  if (text.empty()) return false;
  const bool plain = std::none_of(text.begin(), text.end(),
                                  [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
  static const re2::RE2 scheme(R"([A-Za-z][A-Za-z0-9+.-]*:.+)");
  return plain && (text[0] == '/' || Matches(text, scheme));
}

// Labels of letters (any above ASCII, too), digits and dashes, which do not begin or end with one.
bool IsHostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 255) return false;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view label = text.substr(begin, end - begin);
    const bool well =
        !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
        std::all_of(label.begin(), label.end(),
                    [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c >= 0x80; });
    if (!well) return false;
    begin = end + 1;
  }
  return true;
}

// The digits, of which the last may be an X, weigh up.
bool IsIsbn10(std::string_view digits) {
  static const re2::RE2 form(R"([0-9]{9}[0-9X])");
  if (!Matches(digits, form)) return false;
  int sum = 0;
  for (size_t i = 0; i < 10; ++i) {
    sum += static_cast<int>(i + 1) * (digits[i] == 'X' ? 10 : digits[i] - '0');
  }
  return sum % 11 == 0;
}

bool IsIsbn13(std::string_view digits) {
  static const re2::RE2 form(R"([0-9]{13})");
  if (!Matches(digits, form)) return false;
  int sum = 0;
  for (size_t i = 0; i < 13; ++i) sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
  return sum % 10 == 0;
}

std::string Without(std::string_view text, std::string_view characters) {
  std::string out;
  for (const char c : text) {
    if (characters.find(c) == std::string_view::npos) out += c;
  }
  return out;
}

bool IsDate(std::string_view text) {
  return text.size() == 10 && api::ParseTimestamp(std::string(text) + "T00:00:00Z").ok();
}

bool IsDuration(std::string_view text) {
  static const re2::RE2 go(R"([+-]?(0|([0-9]*\.?[0-9]+(ns|us|µs|μs|ms|s|m|h))+))");
  static const re2::RE2 scala(
      R"(([0-9]+)\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|)"
      R"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?))");
  return Matches(text, go) || Matches(text, scala);
}

struct Format {
  std::string_view name;  // without dashes
  bool (*holds)(std::string_view text);
};

#define KVPLANE_FORMAT(name, expression)     \
  {name, [](std::string_view text) {         \
     static const re2::RE2 form(expression); \
     return Matches(text, form);             \
   }}

constexpr Format kFormats[] = {
    KVPLANE_FORMAT("bsonobjectid", "[0-9a-fA-F]{24}"),
    {"uri", IsUri},
    KVPLANE_FORMAT("email", R"([^@\s]+@[^@\s]+)"),
    {"hostname", IsHostname},
    {"ipv4", [](std::string_view text) { return IsAddress(text, AF_INET); }},
    {"ipv6", [](std::string_view text) { return IsAddress(text, AF_INET6); }},
    {"cidr", IsCidr},
    KVPLANE_FORMAT("mac", R"(([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}(([:-][0-9a-fA-F]{2}){2})?)|)"
                          R"(([0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2,3}))"),
    KVPLANE_FORMAT("uuid", "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"),
    KVPLANE_FORMAT("uuid3",
                   "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}"),
    KVPLANE_FORMAT("uuid4",
                   "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"),
    KVPLANE_FORMAT("uuid5",
                   "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"),
    {"isbn",
     [](std::string_view text) {
       const std::string digits = Without(text, "- ");
       return IsIsbn10(digits) || IsIsbn13(digits);
     }},
    {"isbn10", [](std::string_view text) { return IsIsbn10(Without(text, "- ")); }},
    {"isbn13", [](std::string_view text) { return IsIsbn13(Without(text, "- ")); }},
    {"creditcard",
     [](std::string_view text) {
       static const re2::RE2 form(
           "4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|6(011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|"
           R"(3(0[0-5]|[68][0-9])[0-9]{11}|(2131|1800|35\d{3})\d{11})");
       std::string digits;
       for (const char c : text) {
         if (c >= '0' && c <= '9') digits += c;
       }
       return Matches(digits, form);
     }},
    KVPLANE_FORMAT("ssn", R"(\d{3}[- ]?\d{2}[- ]?\d{4})"),
    KVPLANE_FORMAT("hexcolor", "#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    KVPLANE_FORMAT(
        "rgbcolor",
        R"(rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|)"
        R"(25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\))"),
    {"byte", [](std::string_view text) { return api::DecodeBase64(text).ok(); }},
    {"password", [](std::string_view) { return true; }},
    {"date", IsDate},
    {"duration", IsDuration},
    {"datetime", [](std::string_view text) { return api::ParseTimestamp(text).ok(); }},
    {"k8sshortname", [](std::string_view text) { return api::CheckDns1123Label(text).empty(); }},
    {"k8slongname", [](std::string_view text) { return api::CheckDns1123Subdomain(text).empty(); }},
};

#undef KVPLANE_FORMAT

const Format* Find(std::string_view name) {
  const std::string plain = Without(name, "-");
  for (const Format& format : kFormats) {
    if (format.name == plain) return &format;
  }
  return nullptr;
}

}  // namespace

bool HasFormat(std::string_view format, std::string_view text) {
  const Format* found = Find(format);
  return found == nullptr || found->holds(text);
}

bool IsKnownFormat(std::string_view format, std::string_view type) {
  if (type == "integer") return format == "int32" || format == "int64";
  if (type == "number") return format == "float" || format == "double";
  return (type.empty() || type == "string") && Find(format) != nullptr;
}

}  // namespace kvplane::kinds
