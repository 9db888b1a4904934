// StoredForm: an object as the bytes of a value in the store, and the keys.
//
// Built-in kinds lie there in protobuf within its envelope, as Kubernetes keeps them; custom
// resources in JSON. Either is read back. Protobuf takes 42 to 62 % of JSON's bytes (a large pod, a
// deployment), about as long to write and less than twice as long to read (16 µs for a deployment):
// bytes are what the database keeps, copies and compares. The resourceVersion is not part of a
// value: it is the revision of the key's last change.
//
// Thread safety: pure functions.
//
//   std::string key = KeyOf(kind, "default", "web");
//   ASSIGN_OR_RETURN(std::string bytes, ToStored(kind, object));
//   ASSIGN_OR_RETURN(json::Value object, FromStored(kind, kv.value(), kv.mod_revision()));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::registry {

namespace json = api::json;

std::string KeyOf(const kinds::Kind& kind, std::string_view name_space, std::string_view name);
// Of all objects, or those of one namespace.
std::string PrefixOf(const kinds::Kind& kind, std::string_view name_space);
// The end of the range of a prefix, for kvshim's requests.
std::string RangeEnd(std::string prefix);

// `object` is of kind.group_version and canonical.
absl::StatusOr<std::string> ToStored(const kinds::Kind& kind, const json::Object& object);
absl::StatusOr<json::Value> FromStored(const kinds::Kind& kind, std::string_view bytes,
                                       int64_t revision);
// Whether a custom resource's value is of another version than would be written now.
bool IsOutdated(const kinds::Kind& kind, std::string_view bytes);

}  // namespace kvplane::registry
