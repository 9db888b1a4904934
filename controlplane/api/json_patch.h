// JSON patch (RFC 6902): a list of operations add, remove, replace, move, copy and test.
//
// An operation that cannot be done fails the patch: FAILED_PRECONDITION for one whose path is
// missing or whose test fails, INVALID_ARGUMENT for one that makes no sense.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Value patched, ApplyJsonPatch(document, *ParseJson(body)));
#pragma once

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::api {

// As many as Kubernetes takes.
inline constexpr size_t kMaxJsonPatchOperations = 10000;

absl::StatusOr<json::Value> ApplyJsonPatch(json::Value document, const json::Value& patch);

}  // namespace kvplane::api
