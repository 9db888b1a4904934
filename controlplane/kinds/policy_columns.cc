#include <string>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kUnset = "<unset>";

json::Value CountOf(const json::Object& object, Path path) {
  const json::Array* array = FindArray(object, path);
  return json::Value(array == nullptr ? int64_t{0} : static_cast<int64_t>(array->size()));
}

constexpr Column kWebhooks[] = {
    kNameColumn,
    {"Webhooks", "integer", 0,
     [](const json::Object& object) { return CountOf(object, {"webhooks"}); }},
    kAgeColumn,
};

json::Value ParamKind(const json::Object& policy) {
  const json::Object* kind = FindObject(policy, {"spec", "paramKind"});
  if (kind == nullptr) return ValueOf(kUnset);
  return ValueOf(Concat(Text(*kind, {"apiVersion"}), "/", Text(*kind, {"kind"})));
}

constexpr Column kValidatingPolicies[] = {
    kNameColumn,
    {"Validations", "integer", 0,
     [](const json::Object& object) { return CountOf(object, {"spec", "validations"}); }},
    {"ParamKind", "string", 0, ParamKind},
    kAgeColumn,
};

constexpr Column kMutatingPolicies[] = {
    kNameColumn,
    {"Mutations", "integer", 0,
     [](const json::Object& object) { return CountOf(object, {"spec", "mutations"}); }},
    {"ParamKind", "string", 0, ParamKind},
    kAgeColumn,
};

json::Value ParamRef(const json::Object& binding) {
  const json::Object* reference = FindObject(binding, {"spec", "paramRef"});
  if (reference == nullptr) return ValueOf(kUnset);
  const std::string_view name = Text(*reference, {"name"});
  if (name.empty()) return SelectorCell(FindObject(*reference, {"selector"}));
  const std::string_view name_space = Text(*reference, {"namespace"});
  return ValueOf(name_space.empty() ? std::string(name) : Concat(name_space, "/", name));
}

constexpr Column kPolicyBindings[] = {
    kNameColumn,
    {"PolicyName", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "policyName"}), ""); }},
    {"ParamRef", "string", 0, ParamRef},
    kAgeColumn,
};

json::Value DanglingCell(const json::Object& schema) {
  std::string_view status = "?";
  ForEach(schema, {"status", "conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) == "Dangling") status = Text(condition, {"status"});
  });
  return ValueOf(status);
}

constexpr Column kFlowSchemas[] = {
    kNameColumn,
    {"PriorityLevel", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "priorityLevelConfiguration", "name"}), "");
     }},
    {"MatchingPrecedence", "string", 0,
     [](const json::Object& object) {
       return json::Value(Integer(object, {"spec", "matchingPrecedence"}));
     }},
    {"DistinguisherMethod", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "distinguisherMethod", "type"}));
     }},
    kAgeColumn,
    {"MissingPL", "string", 0, DanglingCell},
};

// A number of a level that limits, "<none>" where it does not.
json::Value Limit(const json::Object& level, Path path) {
  if (!Has(level, path)) return "<none>";
  return json::Value(Integer(level, path));
}

json::Value QueueLimit(const json::Object& level, std::string_view name) {
  return Limit(level, {"spec", "limited", "limitResponse", "queuing", name});
}

constexpr Column kPriorityLevels[] = {
    kNameColumn,
    {"Type", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "type"}), ""); }},
    {"NominalConcurrencyShares", "string", 0,
     [](const json::Object& object) {
       return Limit(object, {"spec", "limited", "nominalConcurrencyShares"});
     }},
    {"Queues", "string", 0,
     [](const json::Object& object) { return QueueLimit(object, "queues"); }},
    {"HandSize", "string", 0,
     [](const json::Object& object) { return QueueLimit(object, "handSize"); }},
    {"QueueLengthLimit", "string", 0,
     [](const json::Object& object) { return QueueLimit(object, "queueLengthLimit"); }},
    kAgeColumn,
};

}  // namespace

std::span<const Column> PolicyColumns(const Kind& kind) {
  if (kind.group == "flowcontrol.apiserver.k8s.io") {
    if (kind.plural == "flowschemas") return kFlowSchemas;
    if (kind.plural == "prioritylevelconfigurations") return kPriorityLevels;
  }
  if (kind.group != "admissionregistration.k8s.io") return {};
  if (kind.plural.ends_with("webhookconfigurations")) return kWebhooks;
  if (kind.plural.ends_with("policybindings")) return kPolicyBindings;
  if (kind.plural == "validatingadmissionpolicies") return kValidatingPolicies;
  if (kind.plural == "mutatingadmissionpolicies") return kMutatingPolicies;
  return {};
}

}  // namespace kvplane::kinds
