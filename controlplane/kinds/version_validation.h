// Validation of one version of a CustomResourceDefinition: its schema, columns and subresources.
//
// Thread safety: pure functions.
//
//   ValidateVersion(version, "spec.versions[0]", errors);
#pragma once

#include <string>

#include "api/json.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

void ValidateVersion(const api::json::Object& version, const std::string& field,
                     FieldErrors& errors);

}  // namespace kvplane::kinds
