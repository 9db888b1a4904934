// The text of label selectors:
//
//   selector    = [ requirement { "," requirement } ]
//   requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) [ VALUE ]
//               | KEY ( "in" | "notin" ) "(" [ VALUE ] { "," [ VALUE ] } ")"
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(auto requirements, ParseLabelRequirements("app in (a, b)"));
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/label_selector.h"

namespace kvplane::api {

// In the order of the text.
absl::StatusOr<std::vector<LabelRequirement>> ParseLabelRequirements(std::string_view text);

// A label's value as < and > take it.
std::optional<int64_t> LabelNumber(std::string_view text);

// That the key and the values are well-formed, and as many as the operator takes.
absl::Status CheckLabelRequirement(const LabelRequirement& requirement);

}  // namespace kvplane::api
