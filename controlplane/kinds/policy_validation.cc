// Validation of admission policies and their bindings.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/names.h"
#include "base/strings.h"
#include "kinds/admission_expression.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

void CheckChoice(const json::Object& object, std::string_view name, const std::string& field,
                 const std::vector<std::string_view>& choices, FieldErrors& errors) {
  const std::string_view given = Text(object, {name});
  if (given.empty()) {
    errors.push_back(Required(field, ""));
  } else if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
    errors.push_back(NotSupported(field, ValueOf(given), choices));
  }
}

void CheckParamKind(const json::Object& spec, FieldErrors& errors) {
  const json::Object* kind = FindObject(spec, {"paramKind"});
  if (kind == nullptr) return;
  const std::string_view version = Text(*kind, {"apiVersion"});
  if (version.empty()) {
    errors.push_back(Required("spec.paramKind.apiVersion", ""));
  } else if (std::count(version.begin(), version.end(), '/') > 1) {
    errors.push_back(Invalid("spec.paramKind.apiVersion", ValueOf(version),
                             Concat("unexpected GroupVersion string: ", version)));
  }
  if (Text(*kind, {"kind"}).empty()) errors.push_back(Required("spec.paramKind.kind", ""));
}

void CheckResources(const json::Object& holder, const std::string& field, FieldErrors& errors) {
  CheckChoice(holder, "matchPolicy", field + ".matchPolicy", {"Equivalent", "Exact"}, errors);
  for (const std::string_view list : {"resourceRules", "excludeResourceRules"}) {
    size_t index = 0;
    ForEach(holder, {list}, [&](const json::Object& rule) {
      const std::string at = Concat(field, ".", list, "[", index++, "]");
      for (const std::string_view name : {"operations", "apiGroups", "apiVersions", "resources"}) {
        const json::Array* held = FindArray(rule, {name});
        if (held == nullptr || held->empty())
          errors.push_back(Required(at + "." + std::string(name), ""));
      }
    });
  }
}

// An expression that must be there, and compile.
void CheckExpression(const json::Object& holder, std::string_view name, const std::string& field,
                     const AdmissionScope& scope, ExpressionResult wanted, FieldErrors& errors) {
  const std::string_view text = Text(holder, {name});
  if (IsBlank(text)) {
    errors.push_back(Required(field, Concat(name, " is not specified")));
    return;
  }
  const AdmissionExpression compiled = CompileAdmissionExpression(text, scope, wanted);
  if (!compiled.fault.empty()) errors.push_back(Invalid(field, ValueOf(text), compiled.fault));
}

void CheckVariables(const json::Object& spec, AdmissionScope& scope, FieldErrors& errors) {
  const std::vector<AdmissionVariable> variables = CompileAdmissionVariables(spec, scope);
  for (size_t i = 0; i < variables.size(); ++i) {
    const json::Value& given = (*FindArray(spec, {"variables"}))[i];
    const std::string at = Concat("spec.variables[", i, "]");
    const std::string& name = variables[i].name;
    const std::string_view text = Text(given.get_object(), {"expression"});
    if (IsBlank(name)) {
      errors.push_back(Required(at + ".name", "name is not specified"));
    } else if (cel::Escape(name) != name || name.find('.') != std::string::npos) {
      errors.push_back(Invalid(at + ".name", ValueOf(name), "must be a valid CEL identifier"));
    }
    if (IsBlank(text)) {
      errors.push_back(Required(at + ".expression", "expression is not specified"));
    } else if (!variables[i].expression.fault.empty()) {
      errors.push_back(Invalid(at + ".expression", ValueOf(text), variables[i].expression.fault));
    }
  }
}

void CheckValidation(const json::Object& validation, const AdmissionScope& scope,
                     const std::string& field, FieldErrors& errors) {
  CheckExpression(validation, "expression", field + ".expression", scope, ExpressionResult::kBool,
                  errors);
  const std::string_view expression = Text(validation, {"messageExpression"});
  if (!expression.empty() && IsBlank(expression)) {
    errors.push_back(Invalid(field + ".messageExpression", ValueOf(expression),
                             "must be non-empty if specified"));
  } else if (!expression.empty()) {
    AdmissionScope without = scope;
    without.authorizer = false;
    CheckExpression(validation, "messageExpression", field + ".messageExpression", without,
                    ExpressionResult::kText, errors);
  }
  const std::string_view message = Text(validation, {"message"});
  if (!message.empty() && IsBlank(message)) {
    errors.push_back(
        Invalid(field + ".message", ValueOf(message), "must be non-empty if specified"));
  } else if (message.find_first_of("\r\n") != std::string_view::npos) {
    errors.push_back(Invalid(field + ".message", ValueOf(message), "must not contain line breaks"));
  }
  if (Has(validation, {"reason"})) {
    CheckChoice(validation, "reason", field + ".reason",
                {"Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"}, errors);
  }
}

void CheckAuditAnnotations(std::string_view policy, const json::Object& spec,
                           const AdmissionScope& scope, FieldErrors& errors) {
  size_t index = 0;
  std::set<std::string, std::less<>> keys;
  ForEach(spec, {"auditAnnotations"}, [&](const json::Object& annotation) {
    const std::string at = Concat("spec.auditAnnotations[", index++, "]");
    const std::string_view key = Text(annotation, {"key"});
    const std::string full = Concat(policy, "/", key);
    AddFaults(at + ".key", ValueOf(full), api::CheckQualifiedName(full), errors);
    if (!keys.emplace(key).second) errors.push_back(Duplicate(at + ".key", ValueOf(key)));
    CheckExpression(annotation, "valueExpression", at + ".valueExpression", scope,
                    ExpressionResult::kTextOrNull, errors);
  });
}

// What both kinds of policies have. The specification; what its expressions may name is set.
const json::Object& CheckPolicy(const json::Object& object, AdmissionScope& scope,
                                FieldErrors& errors) {
  static const json::Object kNone;
  const json::Object* given = FindObject(object, {"spec"});
  const json::Object& spec = given == nullptr ? kNone : *given;
  CheckChoice(spec, "failurePolicy", "spec.failurePolicy", {"Fail", "Ignore"}, errors);
  CheckParamKind(spec, errors);
  const json::Object* constraints = FindObject(spec, {"matchConstraints"});
  if (constraints == nullptr) {
    errors.push_back(Required("spec.matchConstraints", ""));
  } else {
    CheckResources(*constraints, "spec.matchConstraints", errors);
    const json::Array* rules = FindArray(*constraints, {"resourceRules"});
    if (rules == nullptr || rules->empty()) {
      errors.push_back(Required("spec.matchConstraints.resourceRules", ""));
    }
  }
  scope.params = Has(spec, {"paramKind"});
  ValidateMatchConditions(spec, scope.params, "spec.matchConditions", errors);
  CheckVariables(spec, scope, errors);
  return spec;
}

}  // namespace

void ValidateMutatingPolicy(const json::Object& object, const json::Object* /*current*/,
                            FieldErrors& errors) {
  AdmissionScope scope;
  const json::Object& spec = CheckPolicy(object, scope, errors);
  CheckChoice(spec, "reinvocationPolicy", "spec.reinvocationPolicy", {"IfNeeded", "Never"}, errors);
  const json::Array* mutations = FindArray(spec, {"mutations"});
  if (mutations == nullptr || mutations->empty()) {
    errors.push_back(Required("spec.mutations", "mutations must contain at least one item"));
  }
  scope.patches = true;
  size_t index = 0;
  ForEach(spec, {"mutations"}, [&](const json::Object& mutation) {
    const std::string at = Concat("spec.mutations[", index++, "]");
    CheckChoice(mutation, "patchType", at + ".patchType", {"ApplyConfiguration", "JSONPatch"},
                errors);
    const bool is_patch = Text(mutation, {"patchType"}) == "JSONPatch";
    const std::string_view wanted = is_patch ? "jsonPatch" : "applyConfiguration";
    const std::string_view other = is_patch ? "applyConfiguration" : "jsonPatch";
    if (Has(mutation, {other})) {
      errors.push_back(
          Invalid(Concat(at, ".", other), json::Value(*json::Find(mutation, other)),
                  Concat("must not be set when patchType is ", Text(mutation, {"patchType"}))));
    }
    const json::Object* holder = FindObject(mutation, {wanted});
    if (holder == nullptr) {
      errors.push_back(
          Required(Concat(at, ".", wanted),
                   Concat("must be specified when patchType is ", Text(mutation, {"patchType"}))));
      return;
    }
    CheckExpression(*holder, "expression", Concat(at, ".", wanted, ".expression"), scope,
                    is_patch ? ExpressionResult::kPatch : ExpressionResult::kObject, errors);
  });
}

void ValidateValidatingPolicy(const json::Object& object, const json::Object* /*current*/,
                              FieldErrors& errors) {
  AdmissionScope scope;
  const json::Object& spec = CheckPolicy(object, scope, errors);
  const json::Array* validations = FindArray(spec, {"validations"});
  const json::Array* annotations = FindArray(spec, {"auditAnnotations"});
  if ((validations == nullptr || validations->empty()) &&
      (annotations == nullptr || annotations->empty())) {
    constexpr std::string_view kWhy =
        "validations or auditAnnotations must contain at least one item";
    errors.push_back(Required("spec.validations", kWhy));
    errors.push_back(Required("spec.auditAnnotations", kWhy));
  }
  size_t index = 0;
  ForEach(spec, {"validations"}, [&](const json::Object& validation) {
    CheckValidation(validation, scope, Concat("spec.validations[", index++, "]"), errors);
  });
  CheckAuditAnnotations(Text(object, {"metadata", "name"}), spec, scope, errors);
}

void ValidateMutatingPolicyBinding(const json::Object& object, const json::Object* /*current*/,
                                   FieldErrors& errors) {
  if (Text(object, {"spec", "policyName"}).empty()) {
    errors.push_back(Required("spec.policyName", ""));
  }
  if (const json::Object* params = FindObject(object, {"spec", "paramRef"})) {
    const bool named = !Text(*params, {"name"}).empty();
    const bool selected = Has(*params, {"selector"});
    if (named == selected) {
      errors.push_back(
          named ? Forbidden("spec.paramRef.name", "name and selector are mutually exclusive")
                : Required("spec.paramRef", "one of name or selector must be specified"));
    }
    CheckChoice(*params, "parameterNotFoundAction", "spec.paramRef.parameterNotFoundAction",
                {"Allow", "Deny"}, errors);
  }
  if (const json::Object* resources = FindObject(object, {"spec", "matchResources"})) {
    CheckResources(*resources, "spec.matchResources", errors);
  }
}

void ValidateValidatingPolicyBinding(const json::Object& object, const json::Object* current,
                                     FieldErrors& errors) {
  ValidateMutatingPolicyBinding(object, current, errors);
  const json::Array* actions = FindArray(object, {"spec", "validationActions"});
  if (actions == nullptr || actions->empty()) {
    errors.push_back(Required("spec.validationActions", ""));
    return;
  }
  std::set<std::string> seen;
  static const std::vector<std::string_view> kActions = {"Audit", "Deny", "Warn"};
  for (size_t i = 0; i < actions->size(); ++i) {
    const std::string action = Plain((*actions)[i]);
    const std::string at = Concat("spec.validationActions[", i, "]");
    if (std::find(kActions.begin(), kActions.end(), action) == kActions.end()) {
      errors.push_back(NotSupported(at, (*actions)[i], kActions));
    }
    if (!seen.insert(action).second) errors.push_back(Duplicate(at, (*actions)[i]));
  }
  if (seen.contains("Deny") && seen.contains("Warn")) {
    errors.push_back(Invalid("spec.validationActions", *actions,
                             "must not contain both Deny and Warn (repeating the same validation "
                             "failure information in the API response and headers serves no "
                             "purpose)"));
  }
}

}  // namespace kvplane::kinds
