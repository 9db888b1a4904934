#include "admission/lookup.h"

#include <string>
#include <utility>

#include "base/status.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::admission {

namespace json = api::json;
using kinds::Text;

const kinds::Kind& BuiltIn(std::string_view group_version, std::string_view plural) {
  return *kinds::Kinds::BuiltIn().Find(group_version, plural)->kind;
}

absl::StatusOr<std::vector<registry::StoredObjectPtr>> ListCached(registry::Registry& registry,
                                                                  const kinds::Kind& kind,
                                                                  std::string_view name_space) {
  ASSIGN_OR_RETURN(auto snapshot,
                   registry.CacheOf(kind).List(registry::PrefixOf(kind, name_space), 0));
  return std::move(snapshot.objects);
}

absl::StatusOr<json::Object> Find(registry::Registry& registry, const kinds::Kind& kind,
                                  std::string_view name_space, std::string_view name) {
  const std::string key = registry::KeyOf(kind, name_space, name);
  ASSIGN_OR_RETURN(const auto snapshot, registry.CacheOf(kind).List(key, 0));
  // The first, where others' names begin with this one's.
  if (!snapshot.objects.empty() && snapshot.objects.front()->key() == key) {
    return snapshot.objects.front()->Parse();
  }
  return registry.Get(kind, name_space, name);
}

absl::StatusOr<std::string> FindDefault(registry::Registry& registry, const kinds::Kind& kind,
                                        std::initializer_list<std::string_view> annotations) {
  ASSIGN_OR_RETURN(const auto objects, ListCached(registry, kind, ""));
  std::string name;
  std::string created;
  for (const auto& object : objects) {
    const json::Object document = object->Parse();
    bool marked = false;
    for (const std::string_view annotation : annotations) {
      marked |= Text(document, {"metadata", "annotations", annotation}) == "true";
    }
    // Of several the newest, and of those as old the first by name: times compare as texts.
    const std::string_view time = Text(document, {"metadata", "creationTimestamp"});
    if (!marked || (!name.empty() && time <= created)) continue;
    name = Text(document, {"metadata", "name"});
    created = time;
  }
  return name;
}

absl::StatusOr<json::Object> LabelsOfNamespace(registry::Registry& registry,
                                               std::string_view name) {
  absl::StatusOr<json::Object> found = Find(registry, BuiltIn("v1", "namespaces"), "", name);
  if (registry::HasReason(found.status(), "NotFound")) return json::Object();
  RETURN_IF_ERROR(found.status());
  json::Object* labels = kinds::FindObject(*found, {"metadata", "labels"});
  return labels == nullptr ? json::Object() : std::move(*labels);
}

absl::StatusOr<std::optional<json::Object>> NamespaceLabelsOf(
    registry::Registry& registry, const registry::Attributes& attributes) {
  if (attributes.Is("", "namespaces")) {
    const json::Object* self =
        attributes.object() == nullptr ? attributes.old : attributes.object();
    const json::Object* own =
        self == nullptr ? nullptr : kinds::FindObject(*self, {"metadata", "labels"});
    return own == nullptr ? json::Object() : *own;
  }
  if (!attributes.kind->namespaced) return std::nullopt;
  ASSIGN_OR_RETURN(json::Object labels, LabelsOfNamespace(registry, attributes.name_space));
  return labels;
}

}  // namespace kvplane::admission
