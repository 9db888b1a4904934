// Whether two documents are the same: members in any order, 1 and 1.0 alike.
//
// Thread safety: pure functions.
//
//   JsonEqual(*ParseJson(R"({"a":1,"b":2})"), *ParseJson(R"({"b":2.0,"a":1})")) == true;
#pragma once

#include "api/json.h"

namespace kvplane::api {

bool JsonEqual(const json::Value& a, const json::Value& b);

}  // namespace kvplane::api
