// Base64 (RFC 4648, with padding), as bytes stand in JSON.
//
// Thread safety: pure functions.
//
//   EncodeBase64("hi") == "aGk=";
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::api {

std::string EncodeBase64(std::string_view bytes);
// Line breaks are passed over; the error names the first byte that is wrong.
absl::StatusOr<std::string> DecodeBase64(std::string_view text);

}  // namespace kvplane::api
