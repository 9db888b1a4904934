// SelectableFields: what field selectors may name of a kind: metadata.name and, where it is
// namespaced, metadata.namespace, and a few fields of some kinds.
//
// Thread safety: immutable.
//
//   SelectableFields(pods)[2] == "spec.nodeName";
//   SelectableValues(pods, object)[2] == "node-1";
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

std::vector<std::string_view> SelectableFields(const Kind& kind);
// Their values, in the same order; an object in the version that is stored.
std::vector<std::string> SelectableValues(const Kind& kind, const api::json::Object& object);

// The name that a selector of `group_version` uses, as that of the stored version: events are
// regarding an object in one group and involve it in the other.
std::string_view StoredField(std::string_view group_version, std::string_view kind,
                             std::string_view field);

}  // namespace kvplane::kinds
