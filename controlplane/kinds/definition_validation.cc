#include "kinds/definition_validation.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <initializer_list>
#include <set>
#include <utility>

#include "api/json_equal.h"
#include "api/names.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"
#include "kinds/string_format.h"
#include "kinds/structural_validation.h"
#include "kinds/version_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kApproved = "api-approved.kubernetes.io";
constexpr std::string_view kPolicy = "see https://github.com/kubernetes/enhancements/pull/1111";

// Has a scheme and a host.
bool IsUrl(std::string_view text) {
  const size_t colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 && text.size() > colon + 3 &&
         text[colon + 3] != '/';
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

void CheckGroup(std::string_view group, FieldErrors& errors) {
  if (group.empty()) {
    errors.push_back(Required("spec.group", ""));
  } else if (const auto faults = api::CheckDns1123Subdomain(group); !faults.empty()) {
    errors.push_back(Invalid("spec.group", ValueOf(group), Joined(faults)));
  } else if (group.find('.') == std::string_view::npos) {
    errors.push_back(
        Invalid("spec.group", ValueOf(group), "should be a domain with at least one dot"));
  }
}

void CheckNames(const json::Object& names, const std::string& field, FieldErrors& errors) {
  for (const std::string_view name : {"plural", "singular"}) {
    const std::string_view given = Text(names, {name});
    const auto faults = api::CheckDns1035Label(given);
    if (given.empty()) {
      errors.push_back(Required(Concat(field, ".", name), ""));
    } else if (!faults.empty()) {
      errors.push_back(Invalid(Concat(field, ".", name), ValueOf(given), Joined(faults)));
    }
  }
  for (const std::string_view name : {"kind", "listKind"}) {
    const std::string_view given = Text(names, {name});
    const auto faults = api::CheckDns1035Label(Lower(given));
    if (given.empty()) {
      errors.push_back(Required(Concat(field, ".", name), ""));
    } else if (!faults.empty()) {
      errors.push_back(
          Invalid(Concat(field, ".", name), ValueOf(given),
                  Concat("may have mixed case, but should otherwise match: ", Joined(faults))));
    }
  }
  const std::string_view kind = Text(names, {"kind"});
  if (!kind.empty() && kind == Text(names, {"listKind"})) {
    errors.push_back(Invalid(Concat(field, ".listKind"), ValueOf(kind),
                             "kind and listKind may not be the same"));
  }
  for (const std::string_view list : {"shortNames", "categories"}) {
    const json::Array* given = FindArray(names, {list});
    for (size_t i = 0; given != nullptr && i < given->size(); ++i) {
      const auto faults = api::CheckDns1035Label(Plain((*given)[i]));
      if (faults.empty()) continue;
      errors.push_back(Invalid(Concat(field, ".", list, "[", i, "]"), (*given)[i], Joined(faults)));
    }
  }
}

void CheckVersions(const json::Object& object, FieldErrors& errors) {
  size_t index = 0;
  size_t stores = 0;
  bool unique = true;
  std::set<std::string, std::less<>> names;
  ForEach(object, {"spec", "versions"}, [&](const json::Object& version) {
    ValidateVersion(version, Concat("spec.versions[", index++, "]"), errors);
    stores += True(version, {"storage"}) ? 1 : 0;
    unique &= names.emplace(Text(version, {"name"})).second;
  });
  const json::Value* versions = Find(object, {"spec", "versions"});
  const json::Value shown = versions == nullptr ? json::Value() : *versions;
  if (!unique) {
    errors.push_back(Invalid("spec.versions", shown, "must contain unique version names"));
  }
  if (stores != 1) {
    errors.push_back(
        Invalid("spec.versions", shown, "must have exactly one version marked as storage version"));
  }
}

void CheckReviewVersions(const json::Object& conversion, FieldErrors& errors) {
  const std::string field = "spec.conversion.conversionReviewVersions";
  const json::Array* versions = FindArray(conversion, {"webhook", "conversionReviewVersions"});
  if (versions == nullptr || versions->empty()) {
    errors.push_back(Required(field, ""));
  } else if (std::none_of(versions->begin(), versions->end(),
                          [](const json::Value& one) { return Plain(one) == "v1"; })) {
    errors.push_back(Invalid(field, *versions, "must include at least one of v1"));
  }
}

void CheckConversion(const json::Object& object, FieldErrors& errors) {
  const json::Object* conversion = FindObject(object, {"spec", "conversion"});
  if (conversion == nullptr) return;
  const std::string_view strategy = Text(*conversion, {"strategy"});
  if (strategy != "None" && strategy != "Webhook") {
    errors.push_back(
        NotSupported("spec.conversion.strategy", ValueOf(strategy), {"None", "Webhook"}));
  } else if (strategy == "None" && Has(*conversion, {"webhook"})) {
    errors.push_back(Forbidden("spec.conversion.webhookClientConfig",
                               "should not be set when strategy is not set to Webhook"));
  } else if (strategy == "Webhook") {
    const json::Object* client = FindObject(*conversion, {"webhook", "clientConfig"});
    if (client == nullptr) {
      errors.push_back(Required("spec.conversion.webhookClientConfig",
                                "required when strategy is set to Webhook"));
    } else {
      ValidateClientConfig(*client, "spec.conversion.webhookClientConfig", errors);
    }
    CheckReviewVersions(*conversion, errors);
  }
}

void CheckStoredVersions(const json::Object& object, FieldErrors& errors) {
  const json::Array* stored = FindArray(object, {"status", "storedVersions"});
  if (stored == nullptr || stored->empty()) {
    errors.push_back(
        Invalid("status.storedVersions", json::Array(), "must have at least one stored version"));
    return;
  }
  for (size_t i = 0; i < stored->size(); ++i) {
    const std::string name = Plain((*stored)[i]);
    bool there = false;
    ForEach(object, {"spec", "versions"},
            [&](const json::Object& version) { there |= Text(version, {"name"}) == name; });
    if (there) continue;
    errors.push_back(Invalid(
        Concat("status.storedVersions[", i, "]"), (*stored)[i],
        Concat("missing from spec.versions; ", name,
               " was previously a storage version, and must remain in spec.versions until a "
               "storage migration ensures no data remains persisted in ",
               name, " and removes ", name, " from status.storedVersions")));
  }
}

void CheckUnchanged(const json::Object& object, const json::Object& current,
                    std::initializer_list<std::string_view> path, const std::string& field,
                    FieldErrors& errors) {
  const std::string_view now = Text(object, path);
  if (now != Text(current, path)) {
    errors.push_back(Invalid(field, ValueOf(now), "field is immutable"));
  }
}

void CheckApproval(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  if (!IsProtectedGroup(Text(object, {"spec", "group"}))) return;
  const Approval approval = ApprovalOf(object);
  if (current != nullptr && ApprovalOf(*current).reason == approval.reason) return;
  const std::string field = Concat("metadata.annotations[", kApproved, "]");
  if (approval.reason == "MissingAnnotation") {
    errors.push_back(Required(field, approval.message));
  } else if (approval.reason == "InvalidAnnotation") {
    errors.push_back(Invalid(field, ValueOf(Text(object, {"metadata", "annotations", kApproved})),
                             approval.message));
  }
}

// Calls `visit` with every schema below one, and with that.
template <typename Function>
void EachBelow(const json::Object& schema, const Function& visit) {
  visit(schema);
  for (const std::string_view name : {"items", "additionalProperties", "not"}) {
    if (const json::Object* one = FindObject(schema, {name})) EachBelow(*one, visit);
  }
  for (const std::string_view name : {"allOf", "oneOf", "anyOf"}) {
    ForEach(schema, {name}, [&](const json::Object& one) { EachBelow(one, visit); });
  }
  if (const json::Object* properties = FindObject(schema, {"properties"})) {
    for (const auto& one : *properties) {
      if (const json::Object* property = one.value().if_object()) EachBelow(*property, visit);
    }
  }
}

// Calls `each` with the schema of every version, and its place.
template <typename Function>
void EachSchema(const json::Object& definition, const Function& each) {
  size_t index = 0;
  ForEach(definition, {"spec", "versions"}, [&](const json::Object& version) {
    const std::string field = Concat("spec.versions[", index++, "].schema.openAPIV3Schema");
    if (const json::Object* schema = FindObject(version, {"schema", "openAPIV3Schema"})) {
      each(*schema, field);
    }
  });
}

}  // namespace

FieldErrors FindNonStructural(const json::Object& definition) {
  FieldErrors errors;
  EachSchema(definition, [&](const json::Object& schema, const std::string& field) {
    ValidateStructural(schema, field, errors);
  });
  return errors;
}

bool IsProtectedGroup(std::string_view group) {
  return group == "k8s.io" || group.ends_with(".k8s.io") || group == "kubernetes.io" ||
         group.ends_with(".kubernetes.io");
}

Approval ApprovalOf(const json::Object& definition) {
  const std::string_view told = Text(definition, {"metadata", "annotations", kApproved});
  if (told.empty()) {
    return {
        false, "MissingAnnotation",
        Concat("protected groups must have approval annotation \"", kApproved, "\", ", kPolicy)};
  }
  if (told.starts_with("unapproved")) {
    return {false, "UnapprovedAnnotation",
            Concat("not approved: ", api::ToJson(json::Value(json::ToBoost(told))))};
  }
  if (IsUrl(told)) return {true, "ApprovedAnnotation", Concat("approved in ", told)};
  return {false, "InvalidAnnotation",
          Concat("protected groups must have approval annotation \"", kApproved,
                 "\" with either a URL or a reason starting with \"unapproved\", ", kPolicy)};
}

void ValidateDefinition(const json::Object& object, const json::Object* current,
                        FieldErrors& errors) {
  const std::string_view group = Text(object, {"spec", "group"});
  const std::string_view plural = Text(object, {"spec", "names", "plural"});
  const std::string_view name = Text(object, {"metadata", "name"});
  const bool same_specification =
      current != nullptr && api::JsonEqual(*Find(object, {"spec"}), *Find(*current, {"spec"}));
  if (!same_specification) {
    if (current == nullptr && name != Concat(plural, ".", group)) {
      errors.push_back(
          Invalid("metadata.name", ValueOf(name), "must be spec.names.plural+\".\"+spec.group"));
    }
    CheckGroup(group, errors);
    const std::string_view scope = Text(object, {"spec", "scope"});
    if (scope.empty()) {
      errors.push_back(Required("spec.scope", ""));
    } else if (scope != "Cluster" && scope != "Namespaced") {
      errors.push_back(NotSupported("spec.scope", ValueOf(scope), {"Cluster", "Namespaced"}));
    }
    if (const json::Object* names = FindObject(object, {"spec", "names"})) {
      CheckNames(*names, "spec.names", errors);
    }
    CheckVersions(object, errors);
    CheckConversion(object, errors);
    CheckStoredVersions(object, errors);
    if (True(object, {"spec", "preserveUnknownFields"})) {
      errors.push_back(Invalid("spec.preserveUnknownFields", true,
                               "cannot set to true, set "
                               "x-kubernetes-preserve-unknown-fields to true in "
                               "spec.versions[*].schema instead"));
    }
  }
  CheckApproval(object, current, errors);
  if (current == nullptr) return;
  CheckUnchanged(object, *current, {"spec", "group"}, "spec.group", errors);
  CheckUnchanged(object, *current, {"spec", "names", "plural"}, "spec.names.plural", errors);
  if (!HasCondition(*current, "Established")) return;
  CheckUnchanged(object, *current, {"spec", "scope"}, "spec.scope", errors);
  CheckUnchanged(object, *current, {"spec", "names", "kind"}, "spec.names.kind", errors);
}

std::vector<std::string> WarningsOf(const json::Object& definition) {
  std::vector<std::string> warnings;
  const auto warn = [&warnings](std::string text) {
    if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) {
      warnings.push_back(std::move(text));
    }
  };
  EachSchema(definition, [&](const json::Object& root, const std::string& /*field*/) {
    EachBelow(root, [&](const json::Object& schema) {
      const std::string_view format = Text(schema, {"format"});
      if (!format.empty() && !IsKnownFormat(format, Text(schema, {"type"}))) {
        warn(Concat("unrecognized format ", api::ToJson(ValueOf(format))));
      }
      const std::string_view items = Text(schema, {"items", "type"});
      if (Text(schema, {"x-kubernetes-list-type"}) == "set" &&
          (items == "object" || items == "array")) {
        warn(Concat("x-kubernetes-list-type: set for items of type \"", items,
                    "\" is not supported by server-side apply or CEL validation rules"));
      }
    });
  });
  return warnings;
}

void SetDefinitionDefaults(json::Object& definition) {
  json::Object& spec = Child(definition, "spec");
  json::Object& names = Child(spec, "names");
  const std::string kind(Text(names, {"kind"}));
  if (!kind.empty()) {
    SetDefault(names, "singular", ValueOf(Lower(kind)));
    SetDefault(names, "listKind", ValueOf(kind + "List"));
  }
  json::Object& conversion = Child(spec, "conversion");
  SetDefault(conversion, "strategy", "None");
  if (json::Object* service = FindObject(conversion, {"webhook", "clientConfig", "service"})) {
    SetDefault(*service, "port", 443);
  }
}

}  // namespace kvplane::kinds
