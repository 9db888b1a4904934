// System objects: those that every API server sees to when it starts, beside its roles: the service
// "kubernetes" in front of itself, the priority classes of the cluster's own pods, and what
// extension servers need to trust the front proxy.
//
// Thread safety: may be called from any thread that may wait for the store.
#pragma once

#include "absl/status/status.h"
#include "cluster/bootstrap.h"
#include "registry/registry.h"

namespace kvplane::server {

// Creates what is missing. The trust of extension servers is also brought up to date.
absl::Status EnsureSystemObjects(registry::Registry& registry, const cluster::Bootstrap& cluster,
                                 int https_port);

}  // namespace kvplane::server
