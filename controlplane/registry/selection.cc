#include "registry/selection.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/selectable_fields.h"
#include "registry/failure.h"

namespace kvplane::registry {

namespace {

using kvshim::base::Concat;

std::optional<int64_t> ReadInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool Selection::Requirement::Holds(const std::string* value) const {
  const bool listed =
      value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  switch (op) {
    case Operator::kIn:
      return listed;
    case Operator::kNotIn:
      return !listed;
    case Operator::kExists:
      return value != nullptr;
    case Operator::kMissing:
      return value == nullptr;
    case Operator::kGreater:
    case Operator::kLess:
      break;
  }
  if (value == nullptr) return false;
  const auto number = ReadInteger(*value);
  const auto bound = ReadInteger(values[0]);
  if (!number.has_value() || !bound.has_value()) return false;
  return op == Operator::kGreater ? *number > *bound : *number < *bound;
}

// Reads requirements of labels, separated by commas.
class Selection::LabelReader {
 public:
  explicit LabelReader(std::string_view text) : text_(text), rest_(text) {}

  absl::Status Read(std::vector<Requirement>& out) {
    for (SkipBlanks(); !rest_.empty(); SkipBlanks()) {
      Requirement requirement;
      RETURN_IF_ERROR(ReadOne(requirement));
      out.push_back(std::move(requirement));
      SkipBlanks();
      if (rest_.empty()) break;
      if (!Take(",")) return Broken();
      SkipBlanks();
      if (rest_.empty()) return Broken();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadOne(Requirement& requirement) {
    const bool missing = Take("!");
    SkipBlanks();
    requirement.key = Word();
    if (requirement.key.empty()) return Broken();
    SkipBlanks();
    if (missing) {
      requirement.op = Operator::kMissing;
      return absl::OkStatus();
    }
    if (rest_.empty() || rest_.front() == ',') {
      requirement.op = Operator::kExists;
      return absl::OkStatus();
    }
    if (Take("!=")) return One(Operator::kNotIn, requirement);
    if (Take("==") || Take("=")) return One(Operator::kIn, requirement);
    if (Take(">")) return One(Operator::kGreater, requirement);
    if (Take("<")) return One(Operator::kLess, requirement);
    const std::string word = Word();
    if (word == "in") return Several(Operator::kIn, requirement);
    if (word == "notin") return Several(Operator::kNotIn, requirement);
    return Broken();
  }

  absl::Status One(Operator op, Requirement& requirement) {
    SkipBlanks();
    requirement.op = op;
    requirement.values.push_back(Word());
    const bool compares = op == Operator::kGreater || op == Operator::kLess;
    if (compares && !ReadInteger(requirement.values[0]).has_value()) return Broken();
    return absl::OkStatus();
  }

  absl::Status Several(Operator op, Requirement& requirement) {
    requirement.op = op;
    SkipBlanks();
    if (!Take("(")) return Broken();
    do {
      SkipBlanks();
      requirement.values.push_back(Word());
      SkipBlanks();
    } while (Take(","));
    return Take(")") ? absl::OkStatus() : Broken();
  }

  std::string Word() {
    const size_t end = std::min(rest_.find_first_of(" \t,=!<>()"), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }
  void SkipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  bool Take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  absl::Status Broken() const {
    return BadRequest(Concat("unable to parse requirement: found '", rest_.substr(0, 16),
                             "' in the label selector \"", text_, "\""));
  }

  const std::string_view text_;
  std::string_view rest_;
};

absl::Status Selection::ReadFields(const kinds::Kind& kind, std::string_view group_version,
                                   std::string_view text) {
  const std::vector<std::string_view> known = kinds::SelectableFields(kind);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view term = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (term.empty()) continue;
    const size_t equals = term.find('=');
    if (equals == std::string_view::npos) {
      return BadRequest(Concat("invalid selector: '", term, "'; can't understand '", term, "'"));
    }
    std::string_view name = term.substr(0, equals);
    std::string_view value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    FieldRequirement requirement;
    requirement.equal = !name.ends_with('!');
    if (!requirement.equal) name.remove_suffix(1);
    const std::string_view stored = kinds::StoredField(group_version, kind.name, name);
    const auto found = std::find(known.begin(), known.end(), stored);
    if (found == known.end()) {
      return BadRequest(Concat("field label not supported: ", name));
    }
    requirement.index = static_cast<size_t>(found - known.begin());
    requirement.value = value;
    fields_.push_back(std::move(requirement));
  }
  return absl::OkStatus();
}

absl::StatusOr<Selection> Selection::Parse(const kinds::Kind& kind, std::string_view group_version,
                                           std::string_view labels, std::string_view fields) {
  Selection selection;
  RETURN_IF_ERROR(LabelReader(labels).Read(selection.labels_));
  RETURN_IF_ERROR(selection.ReadFields(kind, group_version, fields));
  return selection;
}

bool Selection::Matches(const StoredObject& object) const {
  for (const FieldRequirement& one : fields_) {
    if ((object.fields()[one.index] == one.value) != one.equal) return false;
  }
  for (const Requirement& one : labels_) {
    const std::string* value = nullptr;
    for (const auto& [key, text] : object.labels()) {
      if (key == one.key) value = &text;
    }
    if (!one.Holds(value)) return false;
  }
  return true;
}

}  // namespace kvplane::registry
