// Gzip: answers deflated, and bodies of requests inflated.
//
// Thread safety: pure functions.
//
//   if (AcceptsGzip(request.Header("accept-encoding"))) body = Gzip(body);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::apiserver {

// Whether an Accept-Encoding names gzip and does not refuse it with q=0.
bool AcceptsGzip(std::string_view accept_encoding);

// The fastest level: the wire is near.
std::string Gzip(std::string_view plain);

// kInvalidArgument for what is no gzip, kResourceExhausted beyond `max_bytes`.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t max_bytes);

}  // namespace kvplane::apiserver
