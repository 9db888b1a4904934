// What an object begins with: a status that the server gives, whatever the client wrote there, and
// what a namespace is held by until it is empty.
//
// Thread safety: pure functions.
//
//   ResetStatus(pods, object);   // status.phase is Pending
#pragma once

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

void ResetStatus(const Kind& kind, api::json::Object& object);

}  // namespace kvplane::kinds
