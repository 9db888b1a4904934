// Batch: one step of the chain, as the store hands it to the log.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <vector>

#include "kvshim/key_value.h"
#include "log/op.h"

namespace kvshim::log {

struct Batch {
  // The changes in the order of (mod_revision, sub). Revisions follow the head's without a gap,
  // each one's subs count from 0. May be empty: then the batch only carries the rest.
  std::vector<KeyValue> rows;

  std::vector<Op> ops;

  // Compact(C) sets compact_revision; the batch that lets rows below be deleted sets gc_floor.
  // 0 leaves the head's. Neither ever falls, and gc_floor never passes compact_revision.
  int64_t compact_revision = 0;
  int64_t gc_floor = 0;
};

}  // namespace kvshim::log
