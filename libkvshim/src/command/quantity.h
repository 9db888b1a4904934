// Quantities as people write them in flags: durations ("5s", "1h30m") and sizes ("256MiB").
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kvshim::command {

// A Go-style duration: decimal numbers with units ns, us, ms, s, m, h; "0" needs none.
absl::StatusOr<std::chrono::nanoseconds> ParseDuration(const std::string& text);

// Bytes: a whole number with an optional unit B, KB, MB, GB (powers of 1000) or KiB, MiB, GiB, or
// K, M, G (powers of 1024).
absl::StatusOr<int64_t> ParseSize(const std::string& text);

// The same, for output: "1.5 MiB", "340 µs".
std::string FormatSize(int64_t bytes);
std::string FormatSeconds(double seconds);

}  // namespace kvshim::command
