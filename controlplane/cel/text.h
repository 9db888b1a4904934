// Texts: values as texts, and texts by their characters.
//
// Thread safety: pure functions.
//
//   TextOf(1.5) == "1.5";
//   CharactersOf("héllo") == 5;
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/timestamp.h"

namespace kvplane::cel {

// As Go's %g with as few digits as tell it apart.
std::string TextOf(double number);
std::string TextOf(api::Timestamp time);    // RFC 3339, with as many decimals as it has
std::string TextOfDuration(int64_t nanos);  // "5400s"

size_t CharactersOf(std::string_view text);
// Where the character of that number begins; the text's size for the one after the last.
size_t ByteOf(std::string_view text, size_t character);

}  // namespace kvplane::cel
