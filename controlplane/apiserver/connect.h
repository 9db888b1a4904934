// Connect: what is asked of exec, attach, port-forward and proxies, as the object that admission
// sees of it: PodExecOptions and its like, read from the query.
//
// Thread safety: may be called from any thread that may wait.
//
//   RETURN_IF_ERROR(AdmitConnect(registry, call));
#pragma once

#include "absl/status/status.h"
#include "apiserver/call.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

// `call.subresource` is what is connected to.
absl::Status AdmitConnect(registry::Registry& registry, Call& call);

}  // namespace kvplane::apiserver
