// JSON merge patch (RFC 7386): members replace members, null removes.
//
// Thread safety: pure functions.
//
//   MergePatch(document, *ParseJson(R"({"metadata":{"labels":{"app":null}}})"));
#pragma once

#include "api/json.h"

namespace kvplane::api {

void MergePatch(json::Value& document, const json::Value& patch);

}  // namespace kvplane::api
