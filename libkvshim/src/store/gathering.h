// Gathering: whether the committer waits a moment for more proposals before it flushes.
//
// Clients that wait for their answers send again as soon as they have them. Without a pause they
// fall into groups that take turns: some are being committed while the others wait, and each flush
// carries a part of what it could:
//
//   16 clients, without   5 | 6 | 5 | 5     every request waits for the end of somebody else's
//   flush 16 clients, with      16 | 16           a third of the flushes, and of the pages they
//   write
//
// A flush costs as much as many requests (`fixed`), which those in it share: of n, each bears
// fixed / n. So waiting for k more pays where they come within k * fixed / n. The committer waits
// so long for all that the last commit answered, three flushes at most, and looks back: where too
// few came for the time it took, it tries again after 1, 2, 4 … 256 commits. So it is with many
// clients: n is large already, and the next group is better evaluated while the last one is
// answered; and with such that send at their own pace. Meanwhile it waits for a half of them at
// least: those whose answers go by way of other servers come late, and two groups that take turns
// are nearly as good as one, three are not. A client alone is never waited for: it is
// there, or nobody is.
//
// Thread safety: none; the committer's thread has it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace kvshim::store {

class Gathering {
 public:
  // A commit of `size` proposals that took `took` has ended; `behind` wait already.
  void Committed(size_t size, size_t behind, base::Duration took, base::TimePoint now) {
    target_ = static_cast<int64_t>(size + behind);
    fixed_ = std::min<base::Duration>(took * kFlushWorth / (kFlushWorth + size), kLongest);
    give_up_ = now + 3 * fixed_;
  }

  // How many are waited for, after Begin.
  size_t target() const { return static_cast<size_t>(goal_); }

  // With `waiting` proposals there: until when to wait for the rest; nullopt: commit now, also
  // where the rest is few.
  std::optional<base::TimePoint> Begin(size_t waiting, base::TimePoint now) {
    began_with_ = static_cast<int64_t>(waiting);
    goal_ = target_;
    if (began_with_ * 4 >= target_ * 3 || now >= give_up_) return std::nullopt;
    whole_ = pause_ == 0;
    if (!whole_) {
      --pause_;
      goal_ = target_ / 2;
      if (began_with_ >= goal_) return std::nullopt;
    }
    began_ = now;
    return std::min(now + Worth(goal_ - began_with_), give_up_);
  }

  // The wait has ended with so many.
  void Ended(size_t waiting, base::TimePoint now) {
    if (!whole_) return;
    if (now - began_ <= Worth(static_cast<int64_t>(waiting) - began_with_)) {
      misses_ = 0;
      return;
    }
    pause_ = 1 << misses_;
    misses_ = std::min(misses_ + 1, kMostMisses);
  }

 private:
  // A flush costs about as much as so many requests in it.
  static constexpr int kFlushWorth = 24;
  static constexpr std::chrono::milliseconds kLongest{2};
  static constexpr int kMostMisses = 8;

  // How long `more` requests may take to come.
  base::Duration Worth(int64_t more) const { return more * fixed_ / began_with_; }

  int64_t target_ = 0;
  int64_t goal_ = 0;   // of this wait
  bool whole_ = true;  // that is target_
  base::Duration fixed_{};
  base::TimePoint give_up_{};
  int64_t began_with_ = 1;
  base::TimePoint began_{};
  int misses_ = 0;  // in a row
  int pause_ = 0;   // commits before it is tried again
};

}  // namespace kvshim::store
