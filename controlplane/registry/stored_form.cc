#include "registry/stored_form.h"

#include "api/envelope.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/defined_object.h"
#include "kinds/members.h"

namespace kvplane::registry {

using kvshim::base::Concat;

std::string KeyOf(const kinds::Kind& kind, std::string_view name_space, std::string_view name) {
  return kind.namespaced ? Concat(kind.prefix, name_space, '/', name) : Concat(kind.prefix, name);
}

std::string PrefixOf(const kinds::Kind& kind, std::string_view name_space) {
  return kind.namespaced && !name_space.empty() ? Concat(kind.prefix, name_space, '/')
                                                : kind.prefix;
}

std::string RangeEnd(std::string prefix) {
  ++prefix.back();  // a prefix ends in '/'
  return prefix;
}

absl::StatusOr<std::string> ToStored(const kinds::Kind& kind, const json::Object& object) {
  const json::Value* version = kinds::Find(object, {"metadata", "resourceVersion"});
  if (version != nullptr) {
    json::Object without = object;
    kinds::Remove(kinds::Child(without, "metadata"), "resourceVersion");
    return ToStored(kind, without);
  }
  if (kind.message == nullptr) return api::ToJson(object);
  return api::EncodeObject(api::Schema::Kubernetes(), object);
}

bool IsOutdated(const kinds::Kind& kind, std::string_view bytes) {
  if (kind.definition == nullptr) return false;
  const auto value = api::ParseJson(bytes);
  return value.ok() && value->is_object() &&
         kinds::Text(value->get_object(), {"apiVersion"}) != kind.group_version;
}

absl::StatusOr<json::Value> FromStored(const kinds::Kind& kind, std::string_view bytes,
                                       int64_t revision) {
  auto decoded = api::IsEnvelope(bytes) ? api::DecodeObject(api::Schema::Kubernetes(), bytes)
                                        : api::ParseJson(bytes);
  if (!decoded.ok()) return decoded.status();
  if (!decoded->is_object()) return absl::DataLossError("a stored value is no object");
  if (kind.definition != nullptr) kinds::ReadDefined(kind, decoded->get_object());
  // An object within an object loses its kind in protobuf. Were it missing, a set would seem to
  // change with every write.
  if (kind.plural == "statefulsets") {
    kinds::ForEach(decoded->get_object(), {"spec", "volumeClaimTemplates"},
                   [](json::Object& claim) {
                     kinds::SetDefault(claim, "kind", "PersistentVolumeClaim");
                     kinds::SetDefault(claim, "apiVersion", "v1");
                   });
  }
  kinds::Set(kinds::Child(decoded->get_object(), "metadata"), "resourceVersion",
             json::Value(json::ToBoost(std::to_string(revision))));
  return decoded;
}

}  // namespace kvplane::registry
