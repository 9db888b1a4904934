// Validation of the rules in CEL that schemas of custom resources have: each must compile.
//
// Thread safety: pure functions.
//
//   ValidateRules(schema, "spec.versions[0].schema.openAPIV3Schema", errors);
//   // ….x-kubernetes-validations[0].rule: Invalid value: {…}: compilation failed: ERROR: …
#pragma once

#include <string>

#include "api/json.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

// What is wrong with the form of a rule; the schema is that which has it.
void ValidateRuleForm(const api::json::Object& rule, const api::json::Object& schema,
                      const std::string& field, FieldErrors& errors);

// Of a whole schema that is in order otherwise.
void ValidateRules(const api::json::Object& schema, const std::string& field, FieldErrors& errors);

}  // namespace kvplane::kinds
