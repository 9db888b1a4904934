// The release of kvplane, and the Kubernetes release whose API it speaks.
#pragma once

#include <string_view>

namespace kvplane::server {

inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kKubernetesMajor = "1";
inline constexpr std::string_view kKubernetesMinor = "36";
inline constexpr std::string_view kKubernetesVersion = "v1.36.0";

}  // namespace kvplane::server
