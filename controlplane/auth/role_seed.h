// SeedRoles: the default roles and bindings, put into the store. What is there already keeps what
// was added to it and is given what it lacks, unless it is annotated
// rbac.authorization.kubernetes.io/autoupdate: "false".
//
// Thread safety: may be called from any thread that may wait for the store.
#pragma once

#include "absl/status/status.h"
#include "registry/registry.h"

namespace kvplane::auth {

absl::Status SeedRoles(registry::Registry& registry);

}  // namespace kvplane::auth
