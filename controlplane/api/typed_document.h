// What server-side apply does with documents, by their types: which paths they hold, how two
// differ, merging one into another, taking paths out.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(FieldSet applied, FieldsOf(MergeType::Of(pod), configuration));
//   ASSIGN_OR_RETURN(json::Value merged, MergeTyped(MergeType::Of(pod), live, configuration));
#pragma once

#include "absl/status/statusor.h"
#include "api/field_set.h"
#include "api/json.h"
#include "api/merge_type.h"

namespace kvplane::api {

// That a document fits its type: no unknown members, lists whose elements have their keys, each
// once. INVALID_ARGUMENT as in ".spec.foo: field not declared in schema".
absl::Status CheckTyped(const MergeType& type, const json::Value& document);

// The paths that a document holds: its leaves, its lists' elements, the keys of its maps.
FieldSet FieldsOf(const MergeType& type, const json::Value& document);

struct Comparison {
  FieldSet removed;   // in the first only
  FieldSet modified;  // in both, with different values
  FieldSet added;     // in the second only
};

Comparison CompareTyped(const MergeType& type, const json::Value& before, const json::Value& after);

// Everything of both; where they disagree, what `applied` says. Elements go in the order of
// `applied`, with those that only `live` has between them. INVALID_ARGUMENT for elements of
// `applied` that have the same key.
absl::StatusOr<json::Value> MergeTyped(const MergeType& type, const json::Value& live,
                                       const json::Value& applied);

// Without the paths; what is then empty is null.
json::Value RemoveFields(const MergeType& type, const json::Value& document,
                         const FieldSet& fields);

// With the declared members that are not in the set, but have something below them in it.
FieldSet WithDeclaredParents(const MergeType& type, const FieldSet& fields);

}  // namespace kvplane::api
