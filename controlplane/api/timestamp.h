// Timestamp: the API's points in time, as RFC 3339 text and as seconds and nanoseconds, and Go's
// text of durations.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(Timestamp t, ParseTimestamp("2026-01-02T03:04:05+01:00"));
//   FormatTime(t) == "2026-01-02T02:04:05Z";
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::api {

struct Timestamp {
  int64_t seconds = 0;  // since 1970
  int32_t nanos = 0;

  // Go's zero time, the first second of the year 1, which the API takes for "none".
  bool IsZero() const { return seconds == -62135596800 && nanos == 0; }
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

// Whether the year has four digits, and the nanoseconds are less than a second.
bool CanBeWritten(Timestamp time);

absl::StatusOr<Timestamp> ParseTimestamp(std::string_view text);

std::string FormatTime(Timestamp time);       // whole seconds, UTC
std::string FormatMicroTime(Timestamp time);  // six decimals, UTC

// "1h2m3.5s", as Go prints and parses them; the number counts nanoseconds.
std::string FormatDuration(int64_t nanos);
absl::StatusOr<int64_t> ParseDuration(std::string_view text);

}  // namespace kvplane::api
