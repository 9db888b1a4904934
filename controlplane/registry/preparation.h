// Preparation: what the server makes of an object before it is written: metadata that is its own,
// the status kept apart from the rest, the generation, defaults; and validation, which comes last.
//
// Objects are of the version that is stored; what comes out is canonical.
//
// Thread safety: pure but for the clock and the machine's randomness.
//
//   RETURN_IF_ERROR(PrepareForCreate(kind, "default", object));
//   RETURN_IF_ERROR(PrepareForUpdate(kind, current, "status", object));
//   RETURN_IF_ERROR(CheckValid(kind, &current, object));
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::registry {

namespace json = api::json;

absl::Status PrepareForCreate(const kinds::Kind& kind, std::string_view name_space,
                              json::Object& object);

// What a change of a new object may have undone.
absl::Status CompleteForCreate(const kinds::Kind& kind, json::Object& object);

// `part` is the subresource that is written: "" (all but the status), "status", "finalize", ….
absl::Status PrepareForUpdate(const kinds::Kind& kind, const json::Object& current,
                              std::string_view part, json::Object& object);

// `current` is null for a new object.
absl::Status CheckValid(const kinds::Kind& kind, const json::Object* current,
                        const json::Object& object);

// The members in the type's order, what is empty left out.
absl::Status MakeCanonical(const kinds::Kind& kind, json::Object& object);

}  // namespace kvplane::registry
