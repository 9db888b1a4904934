// ManagedFields: who owns which fields of an object, as metadata.managedFields tells.
//
// Owners are told apart by name, operation and subresource, and those that update by apiVersion,
// too.
//
// Thread safety: a value.
//
//   ASSIGN_OR_RETURN(ManagedFields owners, ManagedFields::Read(object));
//   owners.Write(object);
#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/field_set.h"
#include "api/json.h"

namespace kvplane::api {

struct FieldOwner {
  std::string manager;
  bool applies = false;     // by server-side apply; else it updates
  std::string api_version;  // "" for one that applies
  std::string subresource;

  friend auto operator<=>(const FieldOwner&, const FieldOwner&) = default;

  // "kubectl-edit" using apps/v1, as conflicts name it.
  std::string ToString() const;
};

struct OwnedFields {
  FieldSet fields;
  std::string api_version;  // that the paths are of
  std::string time;         // of the last change, RFC 3339; may be ""
};

class ManagedFields {
 public:
  using Owners = std::map<FieldOwner, OwnedFields>;

  // Nothing for an object without any. INVALID_ARGUMENT for entries that make no sense.
  static absl::StatusOr<ManagedFields> Read(const json::Object& object);

  // Replaces the object's entries, in Kubernetes' order.
  void Write(json::Object& object) const;

  Owners& owners() { return owners_; }
  const Owners& owners() const { return owners_; }
  bool empty() const { return owners_.empty(); }

  // Where more than ten update, the oldest are taken together as "ancient-changes".
  void LimitUpdaters();

 private:
  Owners owners_;
};

// Whether the entries ask for all of them to be forgotten: none, or one that is empty.
bool AsksToResetManagedFields(const json::Object& object);
void RemoveManagedFields(json::Object& object);

}  // namespace kvplane::api
