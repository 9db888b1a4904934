// Lineage: where a database server stands among those that succeeded each other. Every promotion of
// a standby begins another timeline of the same system; the server before it must not be used any
// more, whatever it takes and answers.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <string>

namespace kvshim::sql {

struct Lineage {
  std::string system;  // empty: the database does not tell
  int64_t timeline = 0;
  bool operator==(const Lineage&) const = default;

  bool IsReplacedBy(const Lineage& other) const {
    return !system.empty() && system == other.system && timeline < other.timeline;
  }
};

}  // namespace kvshim::sql
