// OpenapiV2: the API's description in OpenAPI 2, which older clients read: one document of all
// groups, made from those of OpenAPI 3.
//
// What OpenAPI 2 cannot say (choices between schemas, nulls) is left out, as Kubernetes does it.
//
// Thread safety: pure functions.
//
//   json::Object document = NewOpenapiV2();
//   AddToOpenapiV2(openapi3_document, document);
//   std::string bytes = EncodeOpenapiV2(document);   // as gnostic's openapi.v2.Document
#pragma once

#include <string>
#include <string_view>

#include "api/json.h"

namespace kvplane::apiserver {

inline constexpr std::string_view kOpenapiV2Protobuf =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

api::json::Object NewOpenapiV2();
void AddToOpenapiV2(const api::json::Object& openapi3, api::json::Object& document);

std::string EncodeOpenapiV2(const api::json::Object& document);

}  // namespace kvplane::apiserver
