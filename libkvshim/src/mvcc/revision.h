// Revision: where a change stands in the log. `main` counts mutating requests, `sub` the changes
// within one.
#pragma once

#include <compare>
#include <cstdint>

namespace kvshim::mvcc {

struct Revision {
  int64_t main = 0;
  uint32_t sub = 0;
  auto operator<=>(const Revision&) const = default;
};

}  // namespace kvshim::mvcc
