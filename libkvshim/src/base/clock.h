// Time as a parameter, so that tests move it by hand.
//
// Thread safety: all of it may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>

namespace kvshim::base {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;

// Monotonic time: no jump of the wall clock moves it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;

  // The machine's monotonic clock.
  static Clock& Real();
};

class FakeClock : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Duration(now_.load())); }
  void Advance(Duration by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<Duration::rep> now_{Duration(std::chrono::hours(1)).count()};
};

}  // namespace kvshim::base
