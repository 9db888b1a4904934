#include "apiserver/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvplane::apiserver {

namespace json = api::json;

namespace {

using kvshim::base::Concat;

// Aliases copy what they name; more than this, and the document is meant to grow without end.
constexpr size_t kMostNodes = size_t{1} << 20;

std::string_view View(const yaml_char_t* text, size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}
std::string_view View(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool ReadNumber(std::string_view text, json::Value& out) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return false;
  }
  if (digits.find_first_of("0123456789") == std::string_view::npos) return false;
  const char* const end = digits.data() + digits.size();
  int64_t integer = 0;
  if (const auto read = std::from_chars(digits.data(), end, integer);
      read.ec == std::errc() && read.ptr == end) {
    out = integer;
    return true;
  }
  double number = 0;
  if (const auto read = std::from_chars(digits.data(), end, number);
      read.ec == std::errc() && read.ptr == end && std::isfinite(number)) {
    out = number;
    return true;
  }
  return false;
}

// 0x1f, 0o17 and, as YAML 1.1 has it, 017.
bool ReadRadix(std::string_view text, json::Value& out) {
  int base = 0;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with("0o")) {
    base = 8;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  int64_t integer = 0;
  if (base == 0 || text.empty()) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), integer, base);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return false;
  out = integer;
  return true;
}

json::Value ReadPlain(std::string_view text) {
  json::Value value;
  if (text.empty() || IsOneOf(text, {"~", "null", "Null", "NULL"})) return value;
  if (IsOneOf(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) {
    return false;
  }
  if (ReadRadix(text, value) || ReadNumber(text, value)) return value;
  return json::Value(json::ToBoost(text));
}

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  absl::StatusOr<json::Value> Document() {
    RETURN_IF_ERROR(Next());  // the stream's start
    RETURN_IF_ERROR(Next());
    if (event_.type == YAML_STREAM_END_EVENT) return json::Value();
    RETURN_IF_ERROR(Next());
    json::Value value;
    RETURN_IF_ERROR(Node(value, 0));
    RETURN_IF_ERROR(Next());  // the document's end
    RETURN_IF_ERROR(Next());
    if (event_.type != YAML_STREAM_END_EVENT) return Broken("more than one document");
    return value;
  }

 private:
  absl::Status Next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_) == 1) return absl::OkStatus();
    std::memset(&event_, 0, sizeof(event_));
    return absl::InvalidArgumentError(
        Concat("error converting YAML to JSON: yaml: line ", parser_.problem_mark.line + 1, ": ",
               parser_.problem == nullptr ? "broken" : parser_.problem));
  }

  absl::Status Broken(std::string_view what) const {
    return absl::InvalidArgumentError(Concat("error converting YAML to JSON: yaml: line ",
                                             event_.start_mark.line + 1, ": ", what));
  }

  // The node that the current event begins.
  absl::Status Node(json::Value& out, size_t depth) {
    if (depth > api::kMaxDepth) return Broken("exceeded max depth");
    if (++nodes_ > kMostNodes) return Broken("document contains excessive aliasing");
    std::string anchor;
    switch (event_.type) {
      case YAML_ALIAS_EVENT:
        return Alias(out);
      case YAML_SCALAR_EVENT:
        anchor = View(event_.data.scalar.anchor);
        out = Scalar();
        break;
      case YAML_SEQUENCE_START_EVENT:
        anchor = View(event_.data.sequence_start.anchor);
        RETURN_IF_ERROR(Sequence(out, depth));
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = View(event_.data.mapping_start.anchor);
        RETURN_IF_ERROR(Mapping(out, depth));
        break;
      default:
        return Broken("a value is missing");
    }
    if (!anchor.empty()) anchors_[anchor] = out;
    return absl::OkStatus();
  }

  absl::Status Alias(json::Value& out) {
    const auto found = anchors_.find(std::string(View(event_.data.alias.anchor)));
    if (found == anchors_.end()) return Broken("unknown anchor");
    nodes_ += CountNodes(found->second);
    if (nodes_ > kMostNodes) return Broken("document contains excessive aliasing");
    out = found->second;
    return absl::OkStatus();
  }

  static size_t CountNodes(const json::Value& value) {
    size_t count = 1;
    if (const json::Array* array = value.if_array()) {
      for (const json::Value& one : *array) count += CountNodes(one);
    } else if (const json::Object* object = value.if_object()) {
      for (const auto& one : *object) count += CountNodes(one.value());
    }
    return count;
  }

  json::Value Scalar() const {
    const auto& scalar = event_.data.scalar;
    const std::string_view text = View(scalar.value, scalar.length);
    const std::string_view tag = View(scalar.tag);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag.empty();
    return plain ? ReadPlain(text) : json::Value(json::ToBoost(text));
  }

  absl::Status Sequence(json::Value& out, size_t depth) {
    json::Array array;
    for (;;) {
      RETURN_IF_ERROR(Next());
      if (event_.type == YAML_SEQUENCE_END_EVENT) break;
      json::Value element;
      RETURN_IF_ERROR(Node(element, depth + 1));
      array.push_back(std::move(element));
    }
    out = std::move(array);
    return absl::OkStatus();
  }

  absl::Status Mapping(json::Value& out, size_t depth) {
    json::Object object;
    for (;;) {
      RETURN_IF_ERROR(Next());
      if (event_.type == YAML_MAPPING_END_EVENT) break;
      if (event_.type != YAML_SCALAR_EVENT) return Broken("a key is no text");
      const std::string key(View(event_.data.scalar.value, event_.data.scalar.length));
      RETURN_IF_ERROR(Next());
      json::Value value;
      RETURN_IF_ERROR(Node(value, depth + 1));
      if (key == "<<" && value.is_object()) {
        for (auto& one : value.get_object()) object.emplace(one.key(), std::move(one.value()));
        continue;
      }
      object.insert_or_assign(key, std::move(value));
    }
    out = std::move(object);
    return absl::OkStatus();
  }

  yaml_parser_t parser_;
  yaml_event_t event_{};
  size_t nodes_ = 0;
  std::map<std::string, json::Value> anchors_;
};

// Flow style would be JSON; block style is what people expect. Texts are quoted as JSON quotes
// them, which YAML reads.
void Write(const json::Value& value, size_t indent, std::string& out);

void WriteMembers(const json::Object& object, size_t indent, std::string& out) {
  bool first = true;
  for (const auto& member : object) {
    if (!first) out.append(indent, ' ');
    first = false;
    api::AppendJsonString(out, json::View(member.key()));
    out += ':';
    const bool block = (member.value().is_object() && !member.value().get_object().empty()) ||
                       (member.value().is_array() && !member.value().get_array().empty());
    if (!block) {
      out += ' ';
      Write(member.value(), indent, out);
      continue;
    }
    const size_t deeper = member.value().is_object() ? indent + 2 : indent;
    out.append("\n").append(deeper, ' ');
    Write(member.value(), deeper, out);
  }
}

void Write(const json::Value& value, size_t indent, std::string& out) {
  if (value.is_object() && !value.get_object().empty()) {
    WriteMembers(value.get_object(), indent, out);
  } else if (value.is_array() && !value.get_array().empty()) {
    bool first = true;
    for (const json::Value& element : value.get_array()) {
      if (!first) out.append(indent, ' ');
      first = false;
      out.append("- ");
      Write(element, indent + 2, out);
    }
  } else {
    api::AppendJson(out, value);
    out += '\n';
  }
}

}  // namespace

absl::StatusOr<json::Value> ParseYaml(std::string_view text) { return Reader(text).Document(); }

std::string ToYaml(const json::Value& value) {
  std::string out;
  Write(value, 0, out);
  return out;
}

}  // namespace kvplane::apiserver
