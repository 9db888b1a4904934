#include "base/clock.h"

namespace kvshim::base {
namespace {

class MonotonicClock : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

Clock& Clock::Real() {
  static MonotonicClock clock;
  return clock;
}

}  // namespace kvshim::base
