// APIService objects: one for every group and version that is served, as `kubectl get apiservices`
// lists them. All are local: this server asks no other for what it serves.
//
// Thread safety: may be called from any thread that may wait for the store.
//
//   RETURN_IF_ERROR(EnsureApiServices(registry, *registry.kinds()));
#pragma once

#include "absl/status/status.h"
#include "kinds/kind.h"

namespace kvplane::registry {

class Registry;

// Creates what is missing, and deletes those of custom resources that are not served any more.
absl::Status EnsureApiServices(Registry& registry, const kinds::Kinds& kinds);

}  // namespace kvplane::registry
