#include "api/json_path.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

using kvshim::base::Concat;

class JsonPathParser {
 public:
  explicit JsonPathParser(std::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<JsonPath> Run() {
    if (rest_.starts_with('$')) rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (rest_.starts_with("..")) {
        rest_.remove_prefix(1);
        path_.steps_.push_back({.kind = Step::Kind::kDescend});
      }
      if (rest_[0] == '.') {
        rest_.remove_prefix(1);
        if (!rest_.empty() && rest_[0] == '[') continue;
        RETURN_IF_ERROR(Member());
      } else if (rest_[0] == '[') {
        RETURN_IF_ERROR(Bracket());
      } else {
        RETURN_IF_ERROR(Member());
      }
    }
    return std::move(path_);
  }

 private:
  using Step = JsonPath::Step;

  absl::Status Wrong(std::string_view why) const {
    return absl::InvalidArgumentError(Concat("invalid JSONPath \"", text_, "\": ", why));
  }

  // A name up to the next dot or bracket; a backslash takes what follows as it is.
  std::string Name() {
    std::string name;
    while (!rest_.empty() && rest_[0] != '.' && rest_[0] != '[') {
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      name += rest_[0];
      rest_.remove_prefix(1);
    }
    return name;
  }

  absl::Status Member() {
    std::string name = Name();
    if (name.empty()) return absl::OkStatus();  // the document itself
    if (name == "*") {
      path_.steps_.push_back({.kind = Step::Kind::kWildcard});
    } else {
      path_.steps_.push_back({.kind = Step::Kind::kMember, .name = std::move(name)});
    }
    return absl::OkStatus();
  }

  absl::Status Bracket() {
    const size_t end = ClosingBracket();
    if (end == std::string_view::npos) return Wrong("unterminated array");
    std::string_view inner = Trimmed(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    if (inner == "*") {
      path_.steps_.push_back({.kind = Step::Kind::kWildcard});
      return absl::OkStatus();
    }
    if (inner.starts_with("?(") && inner.ends_with(')')) {
      return ReadFilter(inner.substr(2, inner.size() - 3));
    }
    if (inner.size() >= 2 && (inner[0] == '\'' || inner[0] == '"') && inner.back() == inner[0]) {
      path_.steps_.push_back(
          {.kind = Step::Kind::kMember, .name = std::string(inner.substr(1, inner.size() - 2))});
      return absl::OkStatus();
    }
    return Slice(inner);
  }

  // Of the bracket that is open, past quotes.
  size_t ClosingBracket() const {
    char quote = 0;
    int depth = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[') {
        ++depth;
      } else if (c == ']' && --depth == 0) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  absl::Status Slice(std::string_view inner) {
    Step step{.kind = Step::Kind::kSlice};
    const size_t colon = inner.find(':');
    const auto read = [&](std::string_view text, std::optional<int64_t>& out) {
      text = Trimmed(text);
      if (text.empty()) return true;
      int64_t number = 0;
      const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      out = number;
      return error == std::errc() && at == text.data() + text.size();
    };
    bool well = read(inner.substr(0, colon), step.from);
    if (colon == std::string_view::npos) {
      well = well && step.from.has_value();
      if (well && *step.from != -1) step.to = *step.from + 1;
    } else {
      well = well && read(inner.substr(colon + 1), step.to);
    }
    if (!well) return Wrong(Concat("invalid array index ", inner));
    path_.steps_.push_back(std::move(step));
    return absl::OkStatus();
  }

  absl::Status ReadFilter(std::string_view inner) {
    Step step{.kind = Step::Kind::kFilter};
    size_t at = std::string_view::npos;
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
      at = inner.find(op);
      if (at == std::string_view::npos) continue;
      step.filter.op = op;
      break;
    }
    std::string_view left = Trimmed(inner.substr(0, at));
    if (!left.starts_with('@')) return Wrong("a filter begins with @");
    left.remove_prefix(1);
    while (!left.empty()) {
      if (left[0] != '.') return Wrong("a filter looks at members of @");
      left.remove_prefix(1);
      const size_t dot = std::min(left.find('.'), left.size());
      step.filter.left.emplace_back(left.substr(0, dot));
      left.remove_prefix(dot);
    }
    if (!step.filter.op.empty()) {
      std::string right(Trimmed(inner.substr(at + step.filter.op.size())));
      if (right.size() >= 2 && right.front() == '\'' && right.back() == '\'') {
        step.filter.right = json::ToBoost(std::string_view(right).substr(1, right.size() - 2));
      } else {
        auto parsed = ParseJson(right);
        if (!parsed.ok()) return Wrong(Concat("cannot compare with ", right));
        step.filter.right = *std::move(parsed);
      }
    }
    path_.steps_.push_back(std::move(step));
    return absl::OkStatus();
  }

  static std::string_view Trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
  }

  const std::string_view text_;
  std::string_view rest_;
  JsonPath path_;
};

absl::StatusOr<JsonPath> JsonPath::Parse(std::string_view text) {
  return JsonPathParser(text).Run();
}

bool JsonPath::Holds(const Filter& filter, const json::Value& element) {
  const json::Value* at = &element;
  for (const std::string& name : filter.left) {
    at = at->is_object() ? json::Find(at->get_object(), name) : nullptr;
    if (at == nullptr) return false;
  }
  if (filter.op.empty()) return true;
  if (filter.op == "==") return JsonEqual(*at, filter.right);
  if (filter.op == "!=") return !JsonEqual(*at, filter.right);
  int order = 0;
  if (at->is_string() && filter.right.is_string()) {
    order = json::View(at->get_string()).compare(json::View(filter.right.get_string()));
  } else if (at->is_number() && filter.right.is_number()) {
    const auto a = at->to_number<double>();
    const auto b = filter.right.to_number<double>();
    order = a < b ? -1 : (a > b ? 1 : 0);
  } else {
    return false;
  }
  if (filter.op == "<") return order < 0;
  if (filter.op == "<=") return order <= 0;
  return filter.op == ">" ? order > 0 : order >= 0;
}

void JsonPath::Take(const Step& step, const json::Value& value,
                    std::vector<const json::Value*>& out) {
  const json::Object* object = value.if_object();
  const json::Array* array = value.if_array();
  switch (step.kind) {
    case Step::Kind::kMember:
      if (object == nullptr) return;
      if (const json::Value* member = json::Find(*object, step.name)) out.push_back(member);
      return;
    case Step::Kind::kWildcard:
      if (object != nullptr) {
        for (const auto& member : *object) out.push_back(&member.value());
      } else if (array != nullptr) {
        for (const json::Value& element : *array) out.push_back(&element);
      }
      return;
    case Step::Kind::kSlice: {
      if (array == nullptr) return;
      const auto size = static_cast<int64_t>(array->size());
      const auto place = [size](int64_t at) {
        return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
      };
      const int64_t end = place(step.to.value_or(size));
      for (int64_t i = place(step.from.value_or(0)); i < end; ++i) {
        out.push_back(&(*array)[static_cast<size_t>(i)]);
      }
      return;
    }
    case Step::Kind::kFilter:
      if (array == nullptr) return;
      for (const json::Value& element : *array) {
        if (Holds(step.filter, element)) out.push_back(&element);
      }
      return;
    case Step::Kind::kDescend:
      out.push_back(&value);
      if (object != nullptr) {
        for (const auto& member : *object) Take(step, member.value(), out);
      } else if (array != nullptr) {
        for (const json::Value& element : *array) Take(step, element, out);
      }
      return;
  }
}

std::vector<const json::Value*> JsonPath::All(const json::Object& document) const {
  std::vector<const json::Value*> found;
  bool first = true;
  for (const Step& step : steps_) {
    std::vector<const json::Value*> next;
    if (first) {
      // The document is an object, not a value.
      if (step.kind == Step::Kind::kMember) {
        if (const json::Value* member = json::Find(document, step.name)) next.push_back(member);
      } else {
        for (const auto& member : document) {
          if (step.kind == Step::Kind::kWildcard) {
            next.push_back(&member.value());
          } else if (step.kind == Step::Kind::kDescend) {
            Take(step, member.value(), next);
          }
        }
      }
      first = false;
    } else {
      for (const json::Value* value : found) Take(step, *value, next);
    }
    found = std::move(next);
  }
  return found;
}

const json::Value* JsonPath::First(const json::Object& document) const {
  const auto all = All(document);
  return all.empty() ? nullptr : all.front();
}

}  // namespace kvplane::api
