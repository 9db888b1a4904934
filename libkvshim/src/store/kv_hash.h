// HashKV: CRC-32C over what a store retains up to a revision, computed as etcd does, so that two
// stores with the same history have the same hash however they were compacted on the way.
//
// Thread safety: a plain function; it reads the log in pieces and may take long.
#pragma once

#include "absl/status/statusor.h"
#include "kvshim/store.h"
#include "log/log.h"
#include "mvcc/index.h"

namespace kvshim::store {

// `revision` 0: the newest. mvcc::Compacted, mvcc::FutureRevision as for a read.
absl::StatusOr<HashResult> HashKeyValues(log::Log& log, const mvcc::Index& index, int64_t revision);

}  // namespace kvshim::store
