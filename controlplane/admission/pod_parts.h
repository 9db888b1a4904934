// What plugins ask of pods again and again: their containers, and what those ask for.
//
// Thread safety: pure functions.
//
//   ForEachContainer(pod, [&](const json::Object& container) { … });
//   Amounts requests = RequestsOf(pod);
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "api/json.h"
#include "api/quantity.h"
#include "kinds/members.h"

namespace kvplane::admission {

// Of a pod's specification: init, ordinary, then ephemeral containers.
template <typename Function>
void ForEachContainer(const api::json::Object& spec, const Function& each) {
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    kinds::ForEach(spec, {list}, each);
  }
}

// How much of each resource.
using Amounts = std::map<std::string, api::Quantity, std::less<>>;

// {"cpu":"500m",…}; what is no quantity is left out.
Amounts AmountsOf(const api::json::Object& container, kinds::Path path);
// What `more` has is added.
void Add(const Amounts& more, Amounts& to);
// "cpu=1,memory=2Gi"
std::string ToString(const Amounts& amounts);

// What the pod as a whole asks for, or is limited to ("requests", "limits"): its containers
// together, or its init containers where one of those asks for more, and its overhead; what the pod
// says of itself as a whole comes before its containers.
Amounts PodAmounts(const api::json::Object& spec, std::string_view list);

}  // namespace kvplane::admission
