// JSON pointers (RFC 6901): "/spec/containers/0/a~1b" names a place in a document.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(JsonPointer pointer, ParseJsonPointer("/metadata/labels/a~1b"));
//   pointer == JsonPointer{"metadata", "labels", "a/b"};
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::api {

using JsonPointer = std::vector<std::string>;

absl::StatusOr<JsonPointer> ParseJsonPointer(std::string_view text);

// The place in an array of `size` elements, or nothing: no sign, no leading zero.
std::optional<size_t> ArrayIndex(std::string_view token, size_t size);

}  // namespace kvplane::api
