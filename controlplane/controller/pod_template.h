// Pod templates: the pods that are made of them, and the hash by which two templates differ.
//
// Thread safety: pure functions.
//
//   json::Object pod = PodFromTemplate(replica_set);
//   std::string name = Concat("web-", TemplateHash(json::Value(template), 0));
#pragma once

#include <cstdint>
#include <string>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

// A pod of the owner's spec.template, in its namespace and under its control, whose name begins
// with the owner's.
json::Object PodFromTemplate(const json::Object& owner);

// Short, and fit for a name and a label. `collisions` makes it another one.
std::string TemplateHash(const json::Value& value, int64_t collisions);

// A number or a share of `total`: 2, "25%".
int64_t CountOf(const json::Value* share, int64_t total, bool round_up);

}  // namespace kvplane::controller
