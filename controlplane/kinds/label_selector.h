// LabelSelectors as objects hold them: matchLabels and matchExpressions.
//
// Thread safety: pure functions.
//
//   Selects(*FindObject(deployment, {"spec", "selector"}), FindObject(pod, {"metadata",
//   "labels"}));
#pragma once

#include "api/json.h"

namespace kvplane::kinds {

// `labels` may be null. An empty selector selects everything.
bool Selects(const api::json::Object& selector, const api::json::Object* labels);

}  // namespace kvplane::kinds
