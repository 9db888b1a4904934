// The release of this library, and the etcd release whose API it speaks.
#pragma once

#include <string_view>

namespace kvshim {

inline constexpr std::string_view kVersion = "0.1.0";

// What /version, Status and the client libraries see unless ServerOptions say otherwise.
inline constexpr std::string_view kEmulatedEtcdVersion = "3.6.11";

}  // namespace kvshim
