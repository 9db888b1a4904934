// OpenapiSchema: messages of the API as OpenAPI schemas, with what Kubernetes adds for its clients:
// list types, merge keys, patch strategies, kinds.
//
// Thread safety: pure functions.
//
//   SchemaName(pod) == "io.k8s.api.core.v1.Pod";
//   schemas[SchemaName(pod)] = SchemaOf(pod, "#/components/schemas/", seen);
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/json.h"
#include "api/message.h"

namespace kvplane::apiserver {

std::string SchemaName(const api::Message& message);

// `refer` is called with each message that the schema refers to.
api::json::Object SchemaOf(const api::Message& message, std::string_view prefix,
                           const std::function<void(const api::Message&)>& refer);

// What names a kind in extensions.
api::json::Object GroupVersionKind(std::string_view group_version, std::string_view kind);

}  // namespace kvplane::apiserver
