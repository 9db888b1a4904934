#include "kinds/rule_validation.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "api/structural_schema.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "kinds/schema_rules.h"
#include "kinds/schema_type.h"

namespace kvplane::kinds {

namespace {

using api::SchemaRule;
using api::StructuralSchema;
using kvshim::base::Concat;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

// Breaks at the ends do not count.
bool HasBreaks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\v\f");
  if (begin == std::string_view::npos) return false;
  const size_t end = text.find_last_not_of(" \t\r\n\v\f");
  return text.substr(begin, end - begin).find_first_of("\r\n") != std::string_view::npos;
}

// A rule as an error shows it.
json::Value Shown(const SchemaRule& rule) {
  const auto text = [](const std::string& value) { return ValueOf(value); };
  return json::Object{
      {"Rule", text(rule.rule)},
      {"Message", text(rule.message)},
      {"MessageExpression", text(rule.message_expression)},
      {"Reason", rule.reason.empty() ? json::Value() : text(rule.reason)},
      {"FieldPath", text(rule.field_path)},
      {"OptionalOldSelf",
       rule.optional_old_self ? json::Value(*rule.optional_old_self) : json::Value()}};
}

class RuleChecker {
 public:
  explicit RuleChecker(FieldErrors& errors) : errors_(errors) {}

  // `uncorrelated` is the list whose elements have no counterpart before; empty: all have.
  void Visit(const StructuralSchema& schema, bool object, const std::string& uncorrelated,
             const std::string& field) {
    for (const auto& [name, property] : schema.properties) {
      Visit(*property, property->embedded, uncorrelated, Concat(field, ".properties[", name, "]"));
    }
    if (schema.additional != nullptr) {
      Visit(*schema.additional, schema.additional->embedded, uncorrelated,
            field + ".additionalProperties");
    }
    if (schema.items != nullptr) {
      const bool lost = uncorrelated.empty() && schema.list_type != api::ListType::kMap;
      Visit(*schema.items, schema.items->embedded, lost ? field : uncorrelated, field + ".items");
    }
    if (schema.rules.empty()) return;
    const cel::TypePtr type = SchemaType(schema, object);
    if (type == nullptr) {
      errors_.push_back({"InternalError", field + ".x-kubernetes-validations",
                         "Internal error: internal error: failed to retrieve type information for "
                         "x-kubernetes-validations"});
      return;
    }
    for (size_t i = 0; i < schema.rules.size(); ++i) {
      Check(schema.rules[i], schema, type, uncorrelated,
            Concat(field, ".x-kubernetes-validations[", i, "]"));
    }
  }

 private:
  void Check(const SchemaRule& rule, const StructuralSchema& schema, const cel::TypePtr& type,
             const std::string& uncorrelated, const std::string& field) {
    const CompiledRule compiled = CompileRule(rule, schema, type);
    if (!compiled.fault.empty()) {
      errors_.push_back(Invalid(field + ".rule", Shown(rule), compiled.fault));
    }
    if (!compiled.message_fault.empty()) {
      errors_.push_back(Invalid(field + ".messageExpression", Shown(rule), compiled.message_fault));
    }
    if (compiled.uses_old && !uncorrelated.empty()) {
      errors_.push_back(
          Invalid(field + ".rule", ValueOf(rule.rule),
                  Concat("oldSelf cannot be used on the uncorrelatable portion of the schema "
                         "within ",
                         uncorrelated)));
    } else if (!compiled.uses_old && rule.optional_old_self) {
      errors_.push_back(Invalid(field + ".optionalOldSelf", *rule.optional_old_self,
                                "may not be set if oldSelf is not used in rule"));
    }
  }

  FieldErrors& errors_;
};

}  // namespace

void ValidateRuleForm(const json::Object& rule, const json::Object& schema,
                      const std::string& field, FieldErrors& errors) {
  const std::string_view text = Text(rule, {"rule"});
  const std::string_view message = Text(rule, {"message"});
  if (IsBlank(text)) {
    errors.push_back(Required(field + ".rule", "rule is not specified"));
  } else if (!message.empty() && IsBlank(message)) {
    errors.push_back(
        Invalid(field + ".message", ValueOf(message), "must be non-empty if specified"));
  } else if (HasBreaks(message)) {
    errors.push_back(Invalid(field + ".message", ValueOf(message), "must not contain line breaks"));
  } else if (HasBreaks(text) && IsBlank(message)) {
    errors.push_back(
        Required(field + ".message", "message must be specified if rule contains line breaks"));
  }
  const std::string_view expression = Text(rule, {"messageExpression"});
  if (!expression.empty() && IsBlank(expression)) {
    errors.push_back(
        Required(field + ".messageExpression", "messageExpression must be non-empty if specified"));
  }
  static const std::vector<std::string_view> kReasons = {
      "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"};
  if (Has(rule, {"reason"})) {
    const std::string_view reason = Text(rule, {"reason"});
    if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end()) {
      errors.push_back(NotSupported(field + ".reason", ValueOf(reason), kReasons));
    }
  }
  const std::string_view path = Text(rule, {"fieldPath"});
  if (path.empty()) return;
  const auto refuse = [&](std::string_view why) {
    errors.push_back(Invalid(field + ".fieldPath", ValueOf(path), why));
  };
  if (IsBlank(path)) refuse("must be non-empty if specified");
  if (path.find_first_of("\r\n") != std::string_view::npos) refuse("must not contain line breaks");
  if (!ReadRulePath(path, StructuralSchema::Read(schema, /*root=*/false))) {
    refuse("must be a valid path");
  }
}

void ValidateRules(const json::Object& schema, const std::string& field, FieldErrors& errors) {
  const StructuralSchema root = StructuralSchema::Read(schema);
  RuleChecker(errors).Visit(root, true, "", field);
}

}  // namespace kvplane::kinds
