#include "apiserver/conversion.h"

#include <string>
#include <utility>

#include "api/structural_document.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/conversion.h"
#include "kinds/defined_object.h"
#include "kinds/definition.h"
#include "kinds/field_error.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

std::string FormName(const Call& call) { return Concat("converted ", call.group_version()); }

// What the version's schema says of an object that came from a webhook.
void Complete(const kinds::Kind& kind, json::Object& object) {
  api::Prune(kind.version->schema, object);
  api::SetSchemaDefaults(kind.version->schema, object);
}

absl::Status Convert(const Call& call, const std::string& group_version,
                     std::vector<json::Object>& objects) {
  return call.converter->Convert(*call.kind().definition, group_version, objects);
}

absl::Status Convert(const Call& call, const std::string& group_version, json::Object& object) {
  std::vector<json::Object> objects;
  objects.push_back(std::move(object));
  RETURN_IF_ERROR(Convert(call, group_version, objects));
  object = std::move(objects.front());
  return absl::OkStatus();
}

}  // namespace

bool IsConverted(const Call& call) {
  return call.converter != nullptr && call.group_version() != call.kind().group_version;
}

absl::Status CompleteOwnVersion(const Call& call, json::Object& object) {
  const kinds::Kind& kind = call.kind();
  Complete(kind, object);
  const absl::Status readable = kinds::MakeDefinedCanonical(kind, object);
  if (!readable.ok()) {
    return registry::BadRequest(kvshim::base::FromAbsl(readable.message()));
  }
  kinds::FieldErrors errors;
  kinds::ValidateDefined(kind, object, nullptr, errors);
  if (errors.empty()) return absl::OkStatus();
  return registry::Invalid(kind, kinds::Text(object, {"metadata", "name"}), errors);
}

absl::Status ConvertFromStored(const Call& call, json::Object& object) {
  if (call.converter == nullptr) return absl::OkStatus();
  const bool converted = kinds::Text(object, {"apiVersion"}) != call.group_version();
  RETURN_IF_ERROR(Convert(call, std::string(call.group_version()), object));
  if (converted) Complete(call.kind(), object);
  return absl::OkStatus();
}

absl::Status ConvertToStored(const Call& call, json::Object& object) {
  if (call.converter == nullptr) {
    kinds::ToStored(call.kind(), call.group_version(), object);
    return absl::OkStatus();
  }
  if (!IsConverted(call)) return absl::OkStatus();
  kinds::Set(object, "apiVersion", json::Value(json::ToBoost(call.group_version())));
  RETURN_IF_ERROR(CompleteOwnVersion(call, object));
  return Convert(call, call.kind().group_version, object);
}

absl::Status ConvertItems(const Call& call, const std::vector<registry::StoredObjectPtr>& objects) {
  if (call.converter == nullptr || call.wanted.form == Form::kMetadata) return absl::OkStatus();
  const std::string form = FormName(call);
  // What most objects are, told without reading them: members are in order.
  const std::string as_stored =
      Concat("{\"apiVersion\":\"", call.kind().group_version, "\",",
             call.group_version() == call.kind().group_version ? "" : "(never)");
  std::vector<registry::StoredObjectPtr> missing;
  std::vector<json::Object> documents;
  for (const registry::StoredObjectPtr& object : objects) {
    if (object->json().starts_with(as_stored) || object->FindForm(form) != nullptr) continue;
    missing.push_back(object);
    documents.push_back(object->Parse());
  }
  RETURN_IF_ERROR(Convert(call, std::string(call.group_version()), documents));
  for (size_t i = 0; i < missing.size(); ++i) {
    Complete(call.kind(), documents[i]);
    missing[i]->KeepForm(form, api::ToJson(json::Value(std::move(documents[i]))));
  }
  return absl::OkStatus();
}

const std::string* FindConverted(const Call& call, const registry::StoredObject& object) {
  return call.converter == nullptr ? nullptr : object.FindForm(FormName(call));
}

}  // namespace kvplane::apiserver
