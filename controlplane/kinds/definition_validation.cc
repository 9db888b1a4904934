#include "kinds/definition_validation.h"

#include <utility>

#include "base/strings.h"
#include "kinds/members.h"
#include "kinds/structural_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kApproved = "api-approved.kubernetes.io";
constexpr std::string_view kPolicy =
    "see https://github.com/kubernetes/enhancements/pull/1111";

// Has a scheme and a host.
bool IsUrl(std::string_view text) {
  const size_t colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 && text.size() > colon + 3 &&
         text[colon + 3] != '/';
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
    return {false, "MissingAnnotation",
            Concat("protected groups must have approval annotation \"", kApproved, "\", ",
                   kPolicy)};
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

}  // namespace kvplane::kinds
