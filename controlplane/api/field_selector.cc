#include "api/field_selector.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

std::vector<std::string> SplitTerms(std::string_view text) {
  std::vector<std::string> terms(1);
  bool escaped = false;
  for (const char c : text) {
    if (c == ',' && !escaped) {
      terms.emplace_back();
      continue;
    }
    terms.back() += c;
    escaped = c == '\\' && !escaped;
  }
  return terms;
}

absl::StatusOr<std::string> Unescape(std::string_view text) {
  const auto invalid = [](std::string_view sequence) {
    return absl::InvalidArgumentError(
        Concat("invalid field selector: invalid escape sequence: ", sequence));
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      if (i + 1 == text.size()) return invalid("\\");
      const char next = text[++i];
      if (next != '\\' && next != ',' && next != '=') return invalid(text.substr(i - 1, 2));
      out += next;
    } else if (c == ',' || c == '=') {
      return absl::InvalidArgumentError(
          Concat("invalid field selector: unescaped character in value: ", static_cast<int>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ',' || c == '=') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

absl::StatusOr<FieldSelector> FieldSelector::Parse(std::string_view text) {
  FieldSelector selector;
  std::vector<std::string> terms = SplitTerms(text);
  std::sort(terms.begin(), terms.end());
  for (const std::string& term : terms) {
    if (term.empty()) continue;
    const size_t sign = std::min(term.find("!="), term.find('='));
    if (sign == std::string::npos) {
      return absl::InvalidArgumentError(
          Concat("invalid selector: '", text, "'; can't understand '", term, "'"));
    }
    FieldRequirement requirement;
    requirement.field = term.substr(0, sign);
    requirement.equal = term[sign] == '=';
    const bool two = !requirement.equal || term.compare(sign, 2, "==") == 0;
    ASSIGN_OR_RETURN(requirement.value,
                     Unescape(std::string_view(term).substr(sign + (two ? 2 : 1))));
    if (requirement.field.empty() && requirement.value.empty()) continue;
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

bool FieldSelector::Matches(const Lookup& value_of) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const auto& requirement) {
    return (value_of(requirement.field) == requirement.value) == requirement.equal;
  });
}

std::optional<std::string_view> FieldSelector::RequiredValue(std::string_view field) const {
  for (const FieldRequirement& requirement : requirements_) {
    if (requirement.equal && requirement.field == field) return requirement.value;
  }
  return std::nullopt;
}

std::string FieldSelector::ToString() const {
  std::string out;
  for (const FieldRequirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += Concat(requirement.field, requirement.equal ? "=" : "!=", Escape(requirement.value));
  }
  return out;
}

}  // namespace kvplane::api
