// ResourceVersion: the revision that an object, a list or a watch is of, as text in the API.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(ResourceVersion version, ParseResourceVersion("1024"));
//   version.value == 1024;
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::api {

struct ResourceVersion {
  bool set = false;  // "" and "0" are two things
  uint64_t value = 0;
};

// The error is Kubernetes' own.
absl::StatusOr<ResourceVersion> ParseResourceVersion(std::string_view text);

enum class VersionMatch : uint8_t { kUnset, kExact, kNotOlderThan };

absl::StatusOr<VersionMatch> ParseVersionMatch(std::string_view text);

// Whether a list's resourceVersion, resourceVersionMatch and continue token go together.
absl::Status CheckListVersions(const ResourceVersion& version, VersionMatch match, bool continues);

}  // namespace kvplane::api
