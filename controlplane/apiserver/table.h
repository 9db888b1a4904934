// Tables: objects as rows of cells, for people: what kubectl get prints.
//
// Thread safety: pure but for the clock, which ages are counted by.
//
//   TableOf(call, objects);   // {"kind":"Table",…,"columnDefinitions":[…],"rows":[…]}
#pragma once

#include <string>
#include <vector>

#include "api/json.h"
#include "apiserver/call.h"

namespace kvplane::apiserver {

// Objects in the version that is stored; what of each is put in its row, ?includeObject says.
json::Object TableOf(const Call& call, const std::vector<json::Object>& objects);

// The parts, for lists and watches that are written piece by piece.
json::Array TableColumns(const kinds::Kind& kind);
json::Object TableRow(const Call& call, json::Object object);

}  // namespace kvplane::apiserver
