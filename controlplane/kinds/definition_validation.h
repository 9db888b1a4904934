// Validation of CustomResourceDefinitions, worded as Kubernetes words it.
//
// Thread safety: pure functions.
//
//   FieldErrors errors = FindNonStructural(definition);
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

// The names that follow from others, and the conversion.
void SetDefinitionDefaults(api::json::Object& definition);

// Why schemas are not structural.
FieldErrors FindNonStructural(const api::json::Object& definition);

// What a client that writes the definition should know.
std::vector<std::string> WarningsOf(const api::json::Object& definition);

// Groups of Kubernetes' own, whose definitions must say where they were approved.
bool IsProtectedGroup(std::string_view group);
struct Approval {
  bool conforms = false;
  std::string reason;  // of the condition that tells of it
  std::string message;
};
Approval ApprovalOf(const api::json::Object& definition);

}  // namespace kvplane::kinds
