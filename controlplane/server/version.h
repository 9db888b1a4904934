// The release of kvplane; that of Kubernetes is in apiserver/version.h.
#pragma once

#include <string_view>

namespace kvplane::server {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace kvplane::server
