// Times and durations as expressions take them from texts, within the bounds that CEL sets.
//
// Thread safety: pure functions.
//
//   ReadDuration("1h30m");               // nanoseconds
//   ReadTimestamp("2026-01-02T03:04:05Z");
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/timestamp.h"

namespace kvplane::cel {

std::optional<int64_t> ReadDuration(std::string_view text);
std::optional<api::Timestamp> ReadTimestamp(std::string_view text);
// From the year 1 to the year 9999.
bool IsInRange(api::Timestamp time);

}  // namespace kvplane::cel
