// Quota: whether the database has room for another put, without asking it at every put.
//
// Thread safety: none; it belongs to the committer.
#pragma once

#include <cstdint>

#include "kvshim/options.h"
#include "log/log.h"

namespace kvshim::store {

// The limit in bytes that the options mean for this database; 0: none.
int64_t QuotaOf(const StoreOptions& options, log::Log& log);

class Quota {
 public:
  // `limit` in bytes; 0: none.
  Quota(log::Log& log, int64_t limit) : log_(log), limit_(limit) {}

  // Whether `bytes` more fit. Asks the database for its size only where what was added since it
  // was last asked could have filled it.
  bool HasRoom(size_t bytes);

 private:
  log::Log& log_;
  const int64_t limit_;
  int64_t known_ = -1;  // the database's size, estimated upwards; -1: not asked yet
};

}  // namespace kvshim::store
