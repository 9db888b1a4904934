#include "registry/stored_object.h"

#include <utility>

#include "base/status.h"
#include "kinds/members.h"
#include "kinds/selectable_fields.h"
#include "registry/stored_form.h"

namespace kvplane::registry {

absl::StatusOr<StoredObjectPtr> StoredObject::Read(const kinds::Kind& kind, std::string_view key,
                                                   std::string_view value, int64_t revision) {
  ASSIGN_OR_RETURN(const json::Value document, FromStored(kind, value, revision));
  std::shared_ptr<StoredObject> object(new StoredObject());
  object->key_ = key;
  object->revision_ = revision;
  object->json_ = api::ToJson(document);
  if (const json::Object* labels =
          kinds::FindObject(document.get_object(), {"metadata", "labels"})) {
    object->labels_ = *labels;
  }
  object->fields_ = kinds::SelectableValues(kind, document.get_object());
  return object;
}

StoredObjectPtr StoredObject::AtRevision(int64_t revision) const {
  json::Object document = Parse();
  kinds::Set(kinds::Child(document, "metadata"), "resourceVersion",
             json::Value(json::ToBoost(std::to_string(revision))));
  std::shared_ptr<StoredObject> object(new StoredObject());
  object->key_ = key_;
  object->revision_ = revision;
  object->json_ = api::ToJson(document);
  object->labels_ = labels_;
  object->fields_ = fields_;
  return object;
}

json::Object StoredObject::Parse() const {
  auto parsed = api::ParseJson(json_);
  return parsed.ok() && parsed->is_object() ? std::move(parsed->get_object()) : json::Object();
}

const std::string& StoredObject::Form(
    std::string_view name, const std::function<std::string(const StoredObject&)>& encode) const {
  kvshim::base::MutexLock lock(mutex_);
  const auto found = forms_.find(name);
  if (found != forms_.end()) return found->second;
  return forms_.emplace(name, encode(*this)).first->second;
}

const std::string* StoredObject::FindForm(std::string_view name) const {
  kvshim::base::MutexLock lock(mutex_);
  const auto found = forms_.find(name);
  return found == forms_.end() ? nullptr : &found->second;
}

const std::string& StoredObject::KeepForm(std::string_view name, std::string form) const {
  kvshim::base::MutexLock lock(mutex_);
  return forms_.try_emplace(std::string(name), std::move(form)).first->second;
}

}  // namespace kvplane::registry
