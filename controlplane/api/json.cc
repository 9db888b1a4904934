#include "api/json.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace kvplane::api {

namespace {

// The part of `text` that must be written otherwise: how many bytes, and as what. Bytes above 0x7f
// matter only where they begin U+2028 or U+2029, which JavaScript takes for ends of lines.
struct Escape {
  size_t length = 0;
  std::string_view text;
};

Escape EscapeAt(std::string_view text, std::string& scratch) {
  const auto c = static_cast<unsigned char>(text[0]);
  switch (c) {
    case '"':
      return {1, "\\\""};
    case '\\':
      return {1, "\\\\"};
    case '\b':
      return {1, "\\b"};
    case '\f':
      return {1, "\\f"};
    case '\n':
      return {1, "\\n"};
    case '\r':
      return {1, "\\r"};
    case '\t':
      return {1, "\\t"};
    case 0xe2:
      if (text.starts_with("\xe2\x80\xa8")) return {3, "\\u2028"};
      if (text.starts_with("\xe2\x80\xa9")) return {3, "\\u2029"};
      return {};
    default:
      break;
  }
  if (c >= 0x20 && c != '<' && c != '>' && c != '&') return {};
  constexpr char kDigits[] = "0123456789abcdef";
  scratch = "\\u00";
  scratch += kDigits[c >> 4];
  scratch += kDigits[c & 15];
  return {1, scratch};
}

constexpr std::array<bool, 256> kMayNeedEscape = [] {
  std::array<bool, 256> may{};
  for (size_t c = 0; c < 0x20; ++c) may[c] = true;
  for (const unsigned char c : {'"', '\\', '<', '>', '&'}) may[c] = true;
  may[0xe2] = true;
  return may;
}();

// Builds a document from what Boost's parser calls, event by event. Boost's own does the same but
// that its real numbers are not always the nearest to their text.
class ValueBuilder {
 public:
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  ValueBuilder() { stack_.reset(); }

  json::Value Take() { return stack_.release(); }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(size_t members, Error&) {
    stack_.push_object(members);
    return true;
  }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(size_t elements, Error&) {
    stack_.push_array(elements);
    return true;
  }
  bool on_key_part(Text text, size_t, Error&) {
    stack_.push_chars(text);
    return true;
  }
  bool on_key(Text text, size_t, Error&) {
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(Text text, size_t, Error&) {
    stack_.push_chars(text);
    return true;
  }
  bool on_string(Text text, size_t, Error&) {
    stack_.push_string(text);
    return true;
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(int64_t number, Text, Error&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(uint64_t number, Text, Error&) {
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double, Text text, Error& error) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) {
      error = boost::json::error::exponent_overflow;
      return false;
    }
    stack_.push_double(number == 0 ? 0 : number);  // not -0.0, which is written as an integer
    return true;
  }
  bool on_bool(bool flag, Error&) {
    stack_.push_bool(flag);
    return true;
  }
  bool on_null(Error&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  boost::json::value_stack stack_;
};

template <typename Number>
void AppendInteger(std::string& out, Number number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

}  // namespace

void json::SortMembers(Object& object) {
  std::vector<std::pair<std::string, Value>> members;
  members.reserve(object.size());
  for (auto& member : object) members.emplace_back(View(member.key()), std::move(member.value()));
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  object.clear();
  for (auto& [name, value] : members) object.emplace(ToBoost(name), std::move(value));
}

absl::StatusOr<json::Value> ParseJson(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<ValueBuilder> parser(options);
  boost::json::error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
    error = boost::json::error::extra_data;
  }
  if (error) {
    return absl::InvalidArgumentError(
        kvshim::base::Concat("invalid JSON at byte ", read, ": ", error.message()));
  }
  return parser.handler().Take();
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::string scratch;
  size_t plain = 0;
  for (size_t at = 0; at < text.size();) {
    if (!kMayNeedEscape[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const Escape escape = EscapeAt(text.substr(at), scratch);
    if (escape.length == 0) {
      ++at;
      continue;
    }
    out.append(text, plain, at - plain);
    out += escape.text;
    at += escape.length;
    plain = at;
  }
  out.append(text, plain);
  out += '"';
}

void AppendJsonNumber(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const double magnitude = std::fabs(number);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  char digits[64];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), number,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed)
          .ptr;
  std::string_view written(digits, static_cast<size_t>(end - digits));
  // Go writes 1e-9, where C++ writes 1e-09.
  const size_t zero = written.find("e-0");
  if (zero == std::string_view::npos) {
    out += written;
  } else {
    out += written.substr(0, zero + 2);
    out += written.substr(zero + 3);
  }
}

void AppendJson(std::string& out, const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null:
      out += "null";
      break;
    case json::Kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::Kind::int64:
      AppendInteger(out, value.get_int64());
      break;
    case json::Kind::uint64:
      AppendInteger(out, value.get_uint64());
      break;
    case json::Kind::double_:
      AppendJsonNumber(out, value.get_double());
      break;
    case json::Kind::string:
      AppendJsonString(out, json::View(value.get_string()));
      break;
    case json::Kind::array: {
      char separator = '[';
      for (const json::Value& element : value.get_array()) {
        out += separator;
        separator = ',';
        AppendJson(out, element);
      }
      if (separator == '[') out += '[';
      out += ']';
      break;
    }
    case json::Kind::object: {
      char separator = '{';
      for (const auto& member : value.get_object()) {
        out += separator;
        separator = ',';
        AppendJsonString(out, json::View(member.key()));
        out += ':';
        AppendJson(out, member.value());
      }
      if (separator == '{') out += '{';
      out += '}';
      break;
    }
  }
}

std::string ToJson(const json::Value& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

}  // namespace kvplane::api
