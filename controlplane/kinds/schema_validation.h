// Validation of objects by their structural schema, worded as Kubernetes' validator words it.
//
// Thread safety: pure functions.
//
//   ValidateBySchema(schema, object, nullptr, errors);
//   // spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer:
//   "string"
#pragma once

#include <string>

#include "api/json.h"
#include "api/structural_schema.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

// Values that are as they are in `current` are taken as they are. Null: there is none.
void ValidateBySchema(const api::StructuralSchema& schema, const api::json::Object& object,
                      const api::json::Object* current, FieldErrors& errors);

// Of a value somewhere: a default, or a part of an object.
void ValidateValue(const api::StructuralSchema& schema, const api::json::Value& value,
                   const std::string& path, FieldErrors& errors);

}  // namespace kvplane::kinds
