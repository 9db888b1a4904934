// Validation of what every object has: its name, labels, annotations, owners, finalizers.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "api/json.h"
#include "kinds/field_error.h"
#include "kinds/kind.h"
#include "kinds/members.h"

namespace kvplane::kinds {

void ValidateMetadata(const Kind& kind, const json::Object& object, FieldErrors& errors);
// The labels of an object, or those that a selector asks for.
void ValidateLabels(const json::Object& labels, const std::string& field, FieldErrors& errors);

// What is wrong with a name; empty where nothing is. Worded as Kubernetes words it.
std::string_view FaultOfSubdomain(std::string_view name);    // RFC 1123, dots, 253
std::string_view FaultOfLabel(std::string_view name);        // RFC 1123, no dots, 63
std::string_view FaultOfServiceName(std::string_view name);  // RFC 1035: begins with a letter
std::string_view FaultOfPathSegment(std::string_view name);

}  // namespace kvplane::kinds
