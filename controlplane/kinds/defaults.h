// Defaults: what a server fills in where a client left it out.
//
// Most are a row of a table, message by message (defaults_table.h): the walk over a document meets
// a container wherever it stands, in a pod or in the template of a cron job's jobs.
//
// Thread safety: pure functions.
//
//   SetDefaults(deployments, object);   // spec.replicas is 1 now
#pragma once

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

// `object` is canonical, of the version that is stored; the members set are not in order.
void SetDefaults(const Kind& kind, api::json::Object& object);

}  // namespace kvplane::kinds
