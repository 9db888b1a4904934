// Bootstrap tokens: "abcdef.0123456789abcdef", each a Secret kube-system/bootstrap-token-abcdef, by
// which a node introduces itself before it has a certificate.
//
// Thread safety: may be called from any thread that may wait for the store.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "registry/registry.h"

namespace kvplane::auth {

// The user system:bootstrap:abcdef with the groups that the Secret names. kUnauthenticated where
// there is no such token, it is not for this, or it has expired.
absl::StatusOr<apiserver::User> UserOfBootstrapToken(registry::Registry& registry,
                                                     std::string_view token);

}  // namespace kvplane::auth
