// Validation of lists whose elements have keys: none may be there twice.
//
// Thread safety: pure functions.
//
//   ValidateLists(schema, object, errors);   // spec.ports[1]: Duplicate value: {"name":"http"}
#pragma once

#include "api/json.h"
#include "api/structural_schema.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

void ValidateLists(const api::StructuralSchema& schema, const api::json::Object& object,
                   FieldErrors& errors);

}  // namespace kvplane::kinds
