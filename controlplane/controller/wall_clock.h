// WallClock: the time of day as timestamps of the API tell it. On a fake clock it moves with that
// only, so that tests of what happens in an hour take none.
//
// Thread safety: every method may be called from any thread.
//
//   WallClock wall(clock);
//   wall.Now().seconds - created.seconds > ttl
#pragma once

#include <chrono>
#include <string>

#include "api/timestamp.h"
#include "base/clock.h"

namespace kvplane::controller {

class WallClock {
 public:
  explicit WallClock(kvshim::base::Clock& clock)
      : clock_(clock), began_(clock.Now()), began_at_(std::chrono::system_clock::now()) {}

  std::chrono::system_clock::time_point Time() const {
    if (&clock_ == &kvshim::base::Clock::Real()) return std::chrono::system_clock::now();
    return began_at_ + (clock_.Now() - began_);
  }
  api::Timestamp Now() const {
    const auto nanos =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Time().time_since_epoch()).count();
    return {nanos / 1'000'000'000, static_cast<int32_t>(nanos % 1'000'000'000)};
  }
  std::string Text() const { return api::FormatTime(Now()); }
  std::string MicroText() const { return api::FormatMicroTime(Now()); }

 private:
  const kvshim::base::Clock& clock_;
  const kvshim::base::TimePoint began_;
  const std::chrono::system_clock::time_point began_at_;
};

}  // namespace kvplane::controller
