// Whether text is UTF-8.
//
// Thread safety: pure functions.
//
//   IsUtf8("\xff") == false;
#pragma once

#include <cstddef>
#include <string_view>

namespace kvplane::api {

// No overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

// How many bytes the first character has; 0 where the text does not begin with one.
size_t Utf8Length(std::string_view text);

}  // namespace kvplane::api
