// Validation of the schemas of custom resources: that they are structural, and that they say
// nothing that Kubernetes does not take from OpenAPI.
//
// Thread safety: pure functions.
//
//   ValidateStructural(schema, "spec.versions[0].schema.openAPIV3Schema", errors);
#pragma once

#include <string>

#include "api/json.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

// Types stand outside of allOf, anyOf, oneOf and not; what these speak of is there outside, too.
void ValidateStructural(const api::json::Object& schema, const std::string& field,
                        FieldErrors& errors);

// What may stand in a schema at all, and in which company.
void ValidateOpenApi(const api::json::Object& schema, const std::string& field,
                     FieldErrors& errors);

// That defaults are what the schema at their place allows.
void ValidateSchemaDefaults(const api::json::Object& schema, const std::string& field,
                            FieldErrors& errors);

}  // namespace kvplane::kinds
