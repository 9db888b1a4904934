// Succession: whether a batch that another server tells of is the one that follows a head, whole
// and unchanged: its place, its hash. Asks the database nothing.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>

#include "log/chain.h"
#include "log/log.h"

namespace kvshim::log {

class Succession {
 public:
  // `writer`: the server that appends it.
  bool Follows(const Head& tip, const CommittedBatch& batch, int64_t writer);

 private:
  ChainHasher hasher_;
};

}  // namespace kvshim::log
