// The release of Kubernetes whose API this is.
#pragma once

#include <string_view>

namespace kvplane::apiserver {

inline constexpr std::string_view kMajor = "1";
inline constexpr std::string_view kMinor = "36";
inline constexpr std::string_view kGitVersion = "v1.36.0+kvplane";

}  // namespace kvplane::apiserver
