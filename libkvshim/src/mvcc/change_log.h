// ChangeLog: which keys each revision changed, for the revisions that are not compacted. It answers
// watches that start in the past, and what a count was a few revisions ago.
//
// Thread safety: none; the index's lock guards it. The histories named here live as long as the
// entry: what an entry names is a version that is not compacted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "mvcc/key_history.h"

namespace kvshim::mvcc {

class ChangeLog {
 public:
  struct Change {
    int64_t main = 0;
    uint32_t sub = 0;
    KeyHistory* history = nullptr;
  };

  // In the order of revisions.
  void Add(Revision revision, KeyHistory& history) {
    changes_.push_back({Pack(revision.main) | revision.sub, &history});
  }

  // Forgets the revisions below `main`.
  void DropBelow(int64_t main) {
    while (!changes_.empty() && changes_.front().revision < Pack(main)) changes_.pop_front();
  }

  // The position of the first change at or above revision `main`; size() where there is none.
  size_t LowerBound(int64_t main) const;

  size_t size() const { return changes_.size(); }
  Change operator[](size_t position) const {
    const Packed& change = changes_[position];
    return {static_cast<int64_t>(change.revision >> kSubBits),
            static_cast<uint32_t>(change.revision) & ((1u << kSubBits) - 1), change.history};
  }

 private:
  // As SQLite's rows are numbered, which is what bounds both parts
  // (docs/decisions/sqlite_layout.md).
  static constexpr int kSubBits = 21;
  static uint64_t Pack(int64_t main) {
    constexpr int64_t kMost = INT64_MAX >> kSubBits;
    return static_cast<uint64_t>(std::clamp<int64_t>(main, 0, kMost)) << kSubBits;
  }

  struct Packed {
    uint64_t revision;
    KeyHistory* history;
  };

  std::deque<Packed> changes_;
};

}  // namespace kvshim::mvcc
