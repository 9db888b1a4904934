#include "mvcc/change_log.h"

#include <algorithm>

namespace kvshim::mvcc {

size_t ChangeLog::LowerBound(int64_t main) const {
  const auto found =
      std::lower_bound(changes_.begin(), changes_.end(), Pack(main),
                       [](const Packed& change, uint64_t r) { return change.revision < r; });
  return static_cast<size_t>(found - changes_.begin());
}

}  // namespace kvshim::mvcc
