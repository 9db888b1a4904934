// Strategic merge patch: a merge patch that knows the types. Lists with a merge key are merged by
// it; directives in the patch say the rest:
//
//   {"$patch": "replace"|"delete"}        in an object: instead of merging; in a list's element:
//                                         delete the one with this merge key, or replace the list
//   "$deleteFromPrimitiveList/finalizers": ["a"]
//   "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]
//   "$retainKeys": ["type"]               members that are not named go
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(document, StrategicMergePatch(pod_message, std::move(document), patch));
#pragma once

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"

namespace kvplane::api {

// INVALID_ARGUMENT for directives that make no sense and elements without their merge key.
absl::StatusOr<json::Value> StrategicMergePatch(const Message& message, json::Value document,
                                                const json::Value& patch);

}  // namespace kvplane::api
