// Ownership: which manager a write makes the owner of which fields (api/field_ownership.h).
//
// Thread safety: pure functions.
//
//   TrackOwners(kind, &current, "kubectl-edit", "", object);
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::registry {

namespace json = api::json;

// `current` is null for a new object.
void TrackOwners(const kinds::Kind& kind, const json::Object* current, std::string_view manager,
                 std::string_view part, json::Object& object);

// `current` with an applied configuration, both of the stored version; null for one that is not
// there. Conflicts with other managers are a Conflict, unless it is forced.
absl::StatusOr<json::Object> ApplyConfiguration(const kinds::Kind& kind,
                                                const json::Object* current,
                                                const json::Object& configuration,
                                                std::string_view manager, std::string_view part,
                                                bool force);

}  // namespace kvplane::registry
