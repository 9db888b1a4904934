#include "kinds/defined_object.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "api/field_validation.h"
#include "api/schema.h"
#include "api/structural_document.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "kinds/list_validation.h"
#include "kinds/members.h"
#include "kinds/schema_rules.h"
#include "kinds/schema_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void Sort(json::Object& object) {
  json::Value value(std::move(object));
  api::SortAllMembers(value);
  object = std::move(value.get_object());
}

std::string Dotted(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& name : path) out.append(".").append(name);
  return out;
}

// Whether an object is so far from what its schema says that rules would not know what they see.
bool HasOtherShape(const FieldErrors& errors) {
  static constexpr std::string_view kReasons[] = {"FieldValueNotSupported", "FieldValueRequired",
                                                  "FieldValueTooLong", "FieldValueTooMany",
                                                  "FieldValueTypeInvalid"};
  return std::any_of(errors.begin(), errors.end(), [](const FieldError& error) {
    return std::find(std::begin(kReasons), std::end(kReasons), error.reason) != std::end(kReasons);
  });
}

void ValidateReplicas(const json::Object& object, const std::vector<std::string>& path,
                      FieldErrors& errors) {
  const json::Value* replicas = FindPath(object, path);
  if (replicas == nullptr) return;
  const std::string field = Dotted(path);
  if (!replicas->is_int64()) {
    errors.push_back(Invalid(field, 0,
                             Concat(field, " accessor error: ", api::ToJson(*replicas),
                                    " is of another type, expected int64")));
  } else if (replicas->get_int64() < 0) {
    errors.push_back(Invalid(field, *replicas, "should be a non-negative integer"));
  } else if (replicas->get_int64() > std::numeric_limits<int32_t>::max()) {
    errors.push_back(Invalid(field, *replicas, "should be less than or equal to 2147483647"));
  }
}

}  // namespace

bool IsToBeConverted(const Kind& kind, const json::Object& object) {
  return kind.definition != nullptr && kind.definition->converted_elsewhere() &&
         Text(object, {"apiVersion"}) != kind.group_version;
}

absl::Status MakeDefinedCanonical(const Kind& kind, json::Object& object) {
  const api::StructuralSchema& schema = kind.version->schema;
  RETURN_IF_ERROR(api::MakeMetadataCanonical(schema, object));
  // Of another version the schema knows nothing.
  if (!IsToBeConverted(kind, object)) api::Prune(schema, object);
  Sort(object);
  return absl::OkStatus();
}

void ReadDefined(const Kind& kind, json::Object& object) {
  const api::StructuralSchema& schema = kind.version->schema;
  Set(object, "kind", json::Value(kind.name.c_str()));
  if (IsToBeConverted(kind, object)) return Sort(object);
  Set(object, "apiVersion", json::Value(kind.group_version.c_str()));
  api::Prune(schema, object);
  api::SetSchemaDefaults(schema, object);
  Sort(object);
}

void ValidateDefined(const Kind& kind, const json::Object& object, const json::Object* current,
                     FieldErrors& errors) {
  const DefinedVersion& version = *kind.version;
  ValidateBySchema(version.schema, object, current, errors);
  FieldErrors lists;
  if (current != nullptr) ValidateLists(version.schema, *current, lists);
  // An object that was not in order before may stay so.
  if (lists.empty()) ValidateLists(version.schema, object, errors);
  if (version.has_scale) {
    ValidateReplicas(object, version.scale.spec_replicas, errors);
    ValidateReplicas(object, version.scale.status_replicas, errors);
  }
  if (version.rules == nullptr) return;
  if (HasOtherShape(errors)) {
    errors.push_back(Invalid("<nil>", json::Value(),
                             "some validation rules were not checked because the object was "
                             "invalid; correct the existing errors to complete validation"));
  } else {
    version.rules->Validate(object, current, errors);
  }
}

std::vector<std::string> FindDefinedFaults(const Kind& kind, std::string_view text) {
  std::vector<std::string> faults = api::FindFieldFaults(nullptr, text);
  auto parsed = api::ParseJson(text);
  if (!parsed.ok() || !parsed->is_object()) return faults;
  json::Object& object = parsed->get_object();
  const auto report = [&](std::string_view path) {
    faults.push_back(Concat("unknown field ", api::ToJson(json::Value(json::ToBoost(path)))));
  };
  for (const std::string& path : api::Prune(kind.version->schema, object)) report(path);
  if (const json::Object* metadata = FindObject(object, {"metadata"})) {
    static const api::Message& known = *api::Schema::Kubernetes().FindMessageByName(
        "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    for (const auto& member : *metadata) {
      const std::string_view name = json::View(member.key());
      if (known.Find(name) == api::Message::kNotFound) report(Concat("metadata.", name));
    }
  }
  return faults;
}

}  // namespace kvplane::kinds
