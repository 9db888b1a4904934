#include "api/label_selector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/label_selector_parser.h"
#include "api/names.h"
#include "api/quote.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;
using Operator = LabelRequirement::Operator;

bool Fulfills(const LabelRequirement& requirement, const json::Object& labels) {
  const json::Value* label = json::Find(labels, requirement.key);
  const bool exists = label != nullptr && label->is_string();
  const std::string_view value = exists ? json::View(label->get_string()) : std::string_view();
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), value) !=
           requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::kIn:
    case Operator::kEquals:
    case Operator::kDoubleEquals:
      return exists && listed();
    case Operator::kNotIn:
    case Operator::kNotEquals:
      return !exists || !listed();
    case Operator::kExists:
      return exists;
    case Operator::kDoesNotExist:
      return !exists;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      break;
  }
  const auto number = exists ? LabelNumber(value) : std::nullopt;
  const auto bound = LabelNumber(requirement.values[0]);
  if (!number || !bound) return false;
  return requirement.op == Operator::kGreaterThan ? *number > *bound : *number < *bound;
}

std::string_view Sign(Operator op) {
  switch (op) {
    case Operator::kIn:
      return " in ";
    case Operator::kNotIn:
      return " notin ";
    case Operator::kEquals:
      return "=";
    case Operator::kDoubleEquals:
      return "==";
    case Operator::kNotEquals:
      return "!=";
    case Operator::kGreaterThan:
      return ">";
    case Operator::kLessThan:
      return "<";
    default:
      return "";
  }
}

std::string Print(const LabelRequirement& requirement) {
  if (requirement.op == Operator::kExists) return requirement.key;
  if (requirement.op == Operator::kDoesNotExist) return Concat("!", requirement.key);
  std::string values;
  for (const std::string& value : requirement.values) {
    if (&value != &requirement.values.front()) values += ',';
    values += value;
  }
  const bool set = requirement.op == Operator::kIn || requirement.op == Operator::kNotIn;
  return Concat(requirement.key, Sign(requirement.op), set ? "(" : "", values, set ? ")" : "");
}

absl::StatusOr<Operator> OperatorNamed(std::string_view name) {
  if (name == "In") return Operator::kIn;
  if (name == "NotIn") return Operator::kNotIn;
  if (name == "Exists") return Operator::kExists;
  if (name == "DoesNotExist") return Operator::kDoesNotExist;
  return absl::InvalidArgumentError(
      Concat(Quoted(name), " is not a valid label selector operator"));
}

absl::StatusOr<LabelRequirement> ExpressionOf(const json::Value& value) {
  if (!value.is_object()) return absl::InvalidArgumentError("an expression must be an object");
  const auto text = [&value](std::string_view name) {
    const json::Value* member = json::Find(value.get_object(), name);
    return member != nullptr && member->is_string() ? json::View(member->get_string())
                                                    : std::string_view();
  };
  LabelRequirement requirement;
  requirement.key = text("key");
  ASSIGN_OR_RETURN(requirement.op, OperatorNamed(text("operator")));
  const json::Value* values = json::Find(value.get_object(), "values");
  if (values != nullptr && values->is_array()) {
    for (const json::Value& element : values->get_array()) {
      if (element.is_string()) requirement.values.emplace_back(json::View(element.get_string()));
    }
  }
  RETURN_IF_ERROR(CheckLabelRequirement(requirement));
  return requirement;
}

}  // namespace

LabelSelector LabelSelector::Nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

absl::StatusOr<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector selector;
  ASSIGN_OR_RETURN(selector.requirements_, ParseLabelRequirements(text));
  std::stable_sort(selector.requirements_.begin(), selector.requirements_.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  return selector;
}

absl::StatusOr<LabelSelector> LabelSelector::FromJson(const json::Value& selector) {
  if (!selector.is_object()) return Nothing();
  LabelSelector result;
  const json::Value* labels = json::Find(selector.get_object(), "matchLabels");
  if (labels != nullptr && labels->is_object()) {
    result = FromLabels(labels->get_object());
    for (const LabelRequirement& requirement : result.requirements_) {
      RETURN_IF_ERROR(CheckLabelRequirement(requirement));
    }
  }
  const json::Value* expressions = json::Find(selector.get_object(), "matchExpressions");
  if (expressions != nullptr && expressions->is_array()) {
    for (const json::Value& expression : expressions->get_array()) {
      ASSIGN_OR_RETURN(LabelRequirement requirement, ExpressionOf(expression));
      result.requirements_.push_back(std::move(requirement));
    }
  }
  std::stable_sort(result.requirements_.begin(), result.requirements_.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  return result;
}

LabelSelector LabelSelector::FromLabels(const json::Object& labels) {
  LabelSelector selector;
  for (const auto& member : labels) {
    if (!member.value().is_string()) continue;
    selector.requirements_.push_back(
        {.key = std::string(json::View(member.key())),
         .op = Operator::kEquals,
         .values = {std::string(json::View(member.value().get_string()))}});
  }
  std::sort(selector.requirements_.begin(), selector.requirements_.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return selector;
}

bool LabelSelector::Matches(const json::Object& labels) const {
  return !nothing_ && std::all_of(requirements_.begin(), requirements_.end(),
                                  [&labels](const auto& r) { return Fulfills(r, labels); });
}

std::string LabelSelector::ToString() const {
  std::string out;
  for (const LabelRequirement& requirement : requirements_) {
    if (!out.empty()) out.push_back(',');
    out += Print(requirement);
  }
  return out;
}

}  // namespace kvplane::api
