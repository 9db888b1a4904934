// The order of a merged list: what a patch names stands in the patch's order, what only the server
// has keeps its place as well as it can.
//
// Worked example: the server has [a b c d], the patch names [d a]. Named, in the patch's order: d
// a. The rest, in the server's: b c. They are merged from the front: b goes before d, since it does
// so on the server, and so does c; then come d and a: [b c d a].
//
// Thread safety: pure functions.
//
//   json::Array list = ArrangeElements(std::move(merged), patch_list, server_list, "name");
#pragma once

#include <string_view>

#include "api/json.h"

namespace kvplane::api {

// The element of `list` that is the same as `element`: by the member `key`, or, where that is
// empty, altogether. -1 where there is none.
int FindElement(const json::Array& list, const json::Value& element, std::string_view key);

json::Array ArrangeElements(json::Array merged, const json::Array& wanted,
                            const json::Array& server, std::string_view key);

}  // namespace kvplane::api
