// Controller references: the one owner of an object that brings it to what it should be.
//
// Thread safety: pure functions.
//
//   pod["metadata"]… ["ownerReferences"] = json::Array{ControllerReference(replica_set)};
//   IsControlledBy(pod, replica_set) == true
#pragma once

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

json::Object ControllerReference(const json::Object& owner);
// The reference, or null.
const json::Object* ControllerOf(const json::Object& object);
// By uid.
bool IsControlledBy(const json::Object& object, const json::Object& owner);

inline bool IsBeingDeleted(const json::Object& object) {
  const json::Value* metadata = json::Find(object, "metadata");
  return metadata != nullptr && metadata->is_object() &&
         json::Find(metadata->get_object(), "deletionTimestamp") != nullptr;
}

}  // namespace kvplane::controller
