// Addresses and networks as values.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cel/value.h"

namespace kvplane::cel {

// Of an address or a network; none for another type.
std::optional<std::string> NetworkText(const Opaque& value);

}  // namespace kvplane::cel
