// Whether a pod may be on a node, by what both ask for: names, labels, affinity, taints.
//
// Thread safety: pure functions.
//
//   if (Attracts(pod_spec, node) && UntoleratedEffect(tolerations, node).empty()) …
#pragma once

#include <string_view>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

// By the pod's nodeName, nodeSelector and required node affinity.
bool Attracts(const json::Object& pod_spec, const json::Object& node);

// The worst effect of the node's taints that are not tolerated: "NoExecute", "NoSchedule" or "".
std::string_view UntoleratedEffect(const json::Array& tolerations, const json::Object& node);

}  // namespace kvplane::controller
