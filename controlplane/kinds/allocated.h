// Allocated values: what the server gave an object and a client that writes it may leave out: a
// service's addresses and node ports.
//
// Thread safety: pure functions.
//
//   KeepAllocated(services, current, object);   // spec.clusterIP is current's
#pragma once

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

void KeepAllocated(const Kind& kind, const api::json::Object& current, api::json::Object& object);

// What a service needs of the server, by its type.
bool NeedsClusterAddress(const api::json::Object& service);
bool NeedsNodePorts(const api::json::Object& service);

}  // namespace kvplane::kinds
