// Validation of what every object has: its name, labels, annotations, owners, finalizers.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "api/json.h"
#include "api/names.h"
#include "kinds/field_error.h"
#include "kinds/kind.h"
#include "kinds/members.h"

namespace kvplane::kinds {

void ValidateMetadata(const Kind& kind, const json::Object& object, FieldErrors& errors);
// The labels of an object, or those that a selector asks for.
void ValidateLabels(const json::Object& labels, const std::string& field, FieldErrors& errors);

// Adds what is wrong with a value (api/names.h), a fault each.
void AddFaults(const std::string& field, const json::Value& value, const api::NameFaults& faults,
               FieldErrors& errors);
// Or all of them as one.
std::string Joined(const api::NameFaults& faults);

}  // namespace kvplane::kinds
