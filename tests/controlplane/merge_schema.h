// The table as Kubernetes' structured-merge-diff reads schemas, so that both merge by the same one.
#pragma once

#include "api/json.h"
#include "api/schema.h"

namespace kvplane::api {

json::Value MergeSchema(const Schema& schema);

}  // namespace kvplane::api
