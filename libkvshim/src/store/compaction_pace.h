// CompactionPace: how many pauses lie between two steps of deleting compacted rows.
//
// A step dirties some 50 pages of SQLite's file, which the next commit's flush takes along and a
// checkpoint flushes once more beside commits. So steps that follow each other closely are felt by
// everybody who writes: with a pause of 10 ms the p99 of 2,000 writes a second doubles and more,
// with five of them it rises by a half (docs/decisions/compaction_steps.md).
//
//   nobody writes       step . step . step        nothing to spare
//   some do             step . . . . . step
//   many do             step . step . step        deletes what they outdate, or falls behind
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvshim::store {

class CompactionPace {
 public:
  // After a step that has deleted `rows`, with so many versions in the store.
  CompactionPace(size_t rows, int64_t versions)
      : rows_(static_cast<int64_t>(rows)), begun_(versions), seen_(versions) {}

  // After a pause: whether another one is due.
  bool RestsOn(int64_t versions) {
    const bool quiet = versions == seen_;
    seen_ = versions;
    // Half as many new ones as rows were deleted: as many may come before the next step.
    const bool behind = 2 * (versions - begun_) >= rows_;
    return ++pauses_ < kMostPauses && !quiet && !behind;
  }

 private:
  static constexpr int kMostPauses = 5;

  const int64_t rows_;
  const int64_t begun_;
  int64_t seen_;
  int pauses_ = 0;
};

}  // namespace kvshim::store
