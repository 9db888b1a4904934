// What a structural schema makes of a document: members it does not know are pruned, what is
// missing gets its default, metadata is that of every object, and members come in the order of
// their names, as Kubernetes writes objects that it has no Go type of.
//
// Thread safety: pure functions.
//
//   std::vector<std::string> unknown = Prune(schema, document);   // {"spec.foo"}
//   SetSchemaDefaults(schema, document);
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "api/structural_schema.h"

namespace kvplane::api {

// The paths of what was taken out, in their order.
std::vector<std::string> Prune(const StructuralSchema& schema, json::Object& document);

// Nulls of what may not be null go, or become the default.
void SetSchemaDefaults(const StructuralSchema& schema, json::Object& document);

// The metadata of the document and of objects within it becomes what Kubernetes would write for it.
// INVALID_ARGUMENT where it cannot be metadata.
absl::Status MakeMetadataCanonical(const StructuralSchema& schema, json::Object& document);

void SortAllMembers(json::Value& value);

}  // namespace kvplane::api
