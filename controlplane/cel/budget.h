// Budget: what an evaluation may still cost, so that it comes to an end however hostile it is.
//
// Thread safety: one thread's.
//
//   Budget budget(1000000);
//   if (!budget.Charge()) return;   // it is used up
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvplane::cel {

// How much work an evaluation may still do, in steps: about one a node that is come to, and one for
// so many bytes as are looked at. What begins when it is used up comes to an error.
class Budget {
 public:
  explicit Budget(int64_t steps) : left_(steps) {}

  // False where it is used up.
  bool Charge(int64_t steps = 1) {
    left_ -= steps;
    return left_ >= 0;
  }
  bool ChargeBytes(size_t bytes) { return Charge(static_cast<int64_t>(bytes / 10)); }
  bool exhausted() const { return left_ < 0; }
  int64_t left() const { return left_; }

 private:
  int64_t left_;
};

}  // namespace kvplane::cel
