// Text in quotes as Go's %q writes it, as which it stands in Kubernetes' messages.
//
// Thread safety: pure functions.
//
//   Quoted("a\"b\n") == "\"a\\\"b\\n\"";
#pragma once

#include <string>
#include <string_view>

namespace kvplane::api {

// What cannot be printed is escaped: control characters, separators of lines, invisible marks.
std::string Quoted(std::string_view text);

}  // namespace kvplane::api
