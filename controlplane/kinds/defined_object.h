// What a definition makes of its objects: which members they have, in which version, and what must
// hold of them.
//
// Objects are of the version that is stored; the schema is that of the kind's version, in which the
// request came.
//
// Thread safety: pure functions.
//
//   RETURN_IF_ERROR(MakeDefinedCanonical(kind, object));   // unknown members are pruned
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "kinds/field_error.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

// INVALID_ARGUMENT for metadata that cannot be read.
absl::Status MakeDefinedCanonical(const Kind& kind, api::json::Object& object);

// Whether it lies in the store in a version that only a webhook makes the one that is stored now.
bool IsToBeConverted(const Kind& kind, const api::json::Object& object);

// What a stored object is: of the current storage version, with its defaults; or as it lies in the
// store where it is to be converted.
void ReadDefined(const Kind& kind, api::json::Object& object);

// `current` is what it replaces, null for a new one: what has not changed is not looked at again.
void ValidateDefined(const Kind& kind, const api::json::Object& object,
                     const api::json::Object* current, FieldErrors& errors);

// Members that are given twice or that the schema does not know, worded as Kubernetes words them.
std::vector<std::string> FindDefinedFaults(const Kind& kind, std::string_view text);

}  // namespace kvplane::kinds
