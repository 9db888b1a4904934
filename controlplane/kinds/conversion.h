// Conversion: an object between the version that is stored and another that serves the same kind.
//
// Two built-in kinds have versions that differ: events, which two groups serve, and autoscalers. A
// custom resource's object is the same in every version but for what the version's schema prunes
// and sets where it is missing.
//
// Thread safety: pure functions.
//
//   FromStored(kind, "events.k8s.io/v1", event);
//   ToStored(kind, "events.k8s.io/v1", event);
#pragma once

#include <string_view>

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

void FromStored(const Kind& kind, std::string_view group_version, api::json::Object& object);
void ToStored(const Kind& kind, std::string_view group_version, api::json::Object& object);

}  // namespace kvplane::kinds
