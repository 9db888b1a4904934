// Validation: what must hold of an object beyond its types, worded as Kubernetes words it.
//
// Thread safety: pure functions.
//
//   FieldErrors errors = Validate(deployments, object, nullptr);
#pragma once

#include "api/json.h"
#include "kinds/field_error.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

// `object` is canonical, of the stored version, with its defaults; `current` what it replaces, null
// for a new one.
FieldErrors Validate(const Kind& kind, const api::json::Object& object,
                     const api::json::Object* current);

}  // namespace kvplane::kinds
