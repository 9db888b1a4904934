#include "api/last_applied.h"

#include <string>
#include <utility>

#include "api/typed_document.h"

namespace kvplane::api {

namespace {

// Of all annotations together, as Kubernetes checks it.
constexpr size_t kMostAnnotationBytes = 256 * 1024;

json::Object* AnnotationsOf(json::Object& object) {
  json::Value* metadata = json::Find(object, "metadata");
  if (metadata == nullptr || !metadata->is_object()) return nullptr;
  json::Value* annotations = json::Find(metadata->get_object(), "annotations");
  return annotations != nullptr && annotations->is_object() ? &annotations->get_object() : nullptr;
}

size_t SizeOf(const json::Object& annotations) {
  size_t bytes = 0;
  for (const auto& member : annotations) {
    bytes += member.key().size();
    if (member.value().is_string()) bytes += member.value().get_string().size();
  }
  return bytes;
}

}  // namespace

FieldSet LastAppliedFields(const MergeType& type, std::string_view api_version,
                           const json::Object& live) {
  json::Object copy = live;
  const json::Object* annotations = AnnotationsOf(copy);
  const json::Value* text =
      annotations == nullptr ? nullptr : json::Find(*annotations, kLastAppliedAnnotation);
  if (text == nullptr || !text->is_string()) return {};
  const auto applied = ParseJson(json::View(text->get_string()));
  if (!applied.ok() || !applied->is_object()) return {};
  const json::Value* version = json::Find(applied->get_object(), "apiVersion");
  if (version == nullptr || *version != json::ToBoost(api_version)) return {};
  if (!CheckTyped(type, *applied).ok()) return {};
  const Comparison changes = CompareTyped(type, *applied, live);
  return FieldsOf(type, *applied)
      .Difference(changes.modified)
      .Difference(changes.added)
      .Difference(changes.removed);
}

void RefreshLastApplied(const json::Object& configuration, json::Object& object) {
  json::Object* annotations = AnnotationsOf(object);
  if (annotations == nullptr || json::Find(*annotations, kLastAppliedAnnotation) == nullptr) return;
  json::Object applied = configuration;
  if (json::Object* own = AnnotationsOf(applied)) {
    if (const auto found = own->find(json::ToBoost(kLastAppliedAnnotation)); found != own->end()) {
      own->stable_erase(found);
    }
  }
  const std::string text = ToJson(applied) + "\n";
  annotations->insert_or_assign(json::ToBoost(kLastAppliedAnnotation), json::ToBoost(text));
  if (SizeOf(*annotations) > kMostAnnotationBytes) {
    annotations->stable_erase(annotations->find(json::ToBoost(kLastAppliedAnnotation)));
  }
}

}  // namespace kvplane::api
