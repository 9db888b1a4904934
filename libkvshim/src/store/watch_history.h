// WatchHistory: committed changes for watchers that are behind, from the index, with the values
// that have left memory read back from the log.
//
// Thread safety: as watch::History.
#pragma once

#include <vector>

#include "mvcc/index.h"
#include "store/reader.h"
#include "watch/history.h"

namespace kvshim::store {

class WatchHistory final : public watch::History {
 public:
  WatchHistory(mvcc::Index& index, Reader& reader) : index_(index), reader_(reader) {}

  absl::StatusOr<watch::HistoryChunk> Read(const mvcc::KeyRange& range, int64_t from, int64_t to,
                                           size_t max_bytes, bool prev_kv) override;
  int64_t revision() const override { return index_.revision(); }
  int64_t compact_revision() const override { return index_.compact_revision(); }

 private:
  mvcc::Index& index_;
  Reader& reader_;
};

}  // namespace kvshim::store
