#include <string>

#include "base/strings.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void ValidateTarget(const json::Object& object, FieldErrors& errors) {
  const std::string_view kind = Text(object, {"spec", "scaleTargetRef", "kind"});
  const std::string_view name = Text(object, {"spec", "scaleTargetRef", "name"});
  const std::string_view version = Text(object, {"spec", "scaleTargetRef", "apiVersion"});
  if (kind.empty()) errors.push_back(Required("spec.scaleTargetRef.kind", ""));
  if (name.empty()) errors.push_back(Required("spec.scaleTargetRef.name", ""));
  // Of the core there is one kind that scales.
  if (version.empty() && kind != "ReplicationController") {
    errors.push_back(
        Invalid("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group"));
  }
}

}  // namespace

void ValidateAutoscaler(const json::Object& object, const json::Object*, FieldErrors& errors) {
  const int64_t least = Integer(object, {"spec", "minReplicas"}, 1);
  const int64_t most = Integer(object, {"spec", "maxReplicas"});
  if (least < 1) {
    errors.push_back(Invalid("spec.minReplicas", least, "must be greater than or equal to 1"));
  }
  if (most < 1) errors.push_back(Invalid("spec.maxReplicas", most, "must be greater than 0"));
  if (most < least) {
    errors.push_back(
        Invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"));
  }
  ValidateTarget(object, errors);
}

void ValidateBudget(const json::Object& object, const json::Object*, FieldErrors& errors) {
  if (Has(object, {"spec", "minAvailable"}) && Has(object, {"spec", "maxUnavailable"})) {
    errors.push_back(Invalid("spec", *Find(object, {"spec"}),
                             "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const std::string_view name : {"minAvailable", "maxUnavailable"}) {
    const int64_t number = Integer(object, {"spec", name});
    if (number < 0) {
      errors.push_back(
          Invalid(Concat("spec.", name), number, "must be greater than or equal to 0"));
    }
  }
}

}  // namespace kvplane::kinds
