// CronSchedule: the times that a crontab's five fields, or a word such as @daily, name.
//
//   minute hour day-of-month month day-of-week     "*/15 8-17 * * MON-FRI"
//
// A day is one that both of its fields name, or either where neither is a star. The time of day is
// the time zone's: what a change of the clock leaves out is left out, what comes twice comes twice.
//
// Thread safety: a value.
//
//   ASSIGN_OR_RETURN(CronSchedule schedule, CronSchedule::Parse("30 2 * * *", "Europe/Berlin"));
//   schedule.Next(now_seconds)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kvplane::controller {

class CronSchedule {
 public:
  // An empty zone is UTC.
  static absl::StatusOr<CronSchedule> Parse(std::string_view text, std::string_view zone);

  // The first time after `after`, both in seconds since 1970; nothing where none comes in five
  // years.
  std::optional<int64_t> Next(int64_t after) const;
  // The last time after `after` and not after `now`, and whether there were more than a hundred.
  struct Missed {
    std::optional<int64_t> last;
    bool many = false;
  };
  Missed MissedBetween(int64_t after, int64_t now) const;

 private:
  bool IsDay(absl::CivilDay day) const;

  // A bit for each value; of a star's field the highest bit too.
  uint64_t minutes_ = 0;
  uint64_t hours_ = 0;
  uint64_t days_ = 0;
  uint64_t months_ = 0;
  uint64_t weekdays_ = 0;
  int64_t every_ = 0;  // seconds; instead of all else where not 0
  absl::TimeZone zone_ = absl::UTCTimeZone();
};

}  // namespace kvplane::controller
