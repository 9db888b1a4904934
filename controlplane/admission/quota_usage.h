// What objects count for in resource quotas, and which quotas count them.
//
// Thread safety: pure functions.
//
//   Amounts usage = UsageOf(pods, pod);   // pods=1, requests.cpu=500m, count/pods=1, …
#pragma once

#include <string>

#include "admission/pod_parts.h"
#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::admission {

// Empty for what does not count (any more).
Amounts UsageOf(const kinds::Kind& kind, const api::json::Object& object);

// Whether the quota's scopes are those of the object.
bool IsInScope(const api::json::Object& quota, const kinds::Kind& kind,
               const api::json::Object& object);

// What containers of the pod do not say though the quota bounds it: "must specify limits.cpu for:
// a,b; …"; empty where they say all.
std::string Unspecified(const Amounts& hard, const api::json::Object& pod);

// The kind whose objects a quota's resource counts, of those that are served: "pods",
// "count/boats.example.org"; null where there is none such.
const kinds::Kind* KindCounted(std::string_view resource, const kinds::Kinds& kinds);

}  // namespace kvplane::admission
