// The formats that schemas may ask of texts.
//
// Thread safety: pure functions.
//
//   HasFormat("date-time", "2026-01-02T03:04:05Z");
//   HasFormat("unheard-of", "anything");   // true: what is not known is not looked at
#pragma once

#include <string_view>

namespace kvplane::kinds {

bool HasFormat(std::string_view format, std::string_view text);
// Of a schema of that type, "" for any: clients are warned of others.
bool IsKnownFormat(std::string_view format, std::string_view type);

}  // namespace kvplane::kinds
