#include "command/quantity.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/strings.h"

namespace kvshim::command {
namespace {

absl::Status BadDuration(const std::string& text) {
  return absl::InvalidArgumentError(
      base::Concat("\"", text, "\" is not a duration: write it like 500ms, 5s, 10m or 1h30m"));
}

absl::Status BadSize(const std::string& text) {
  return absl::InvalidArgumentError(
      base::Concat("\"", text, "\" is not a size: write it like 1048576, 512KiB, 64MiB or 2GiB"));
}

struct Unit {
  const char* name;
  double factor;
};

// Longer names first where one is the beginning of another.
constexpr std::array<Unit, 7> kDurationUnits = {
    {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr std::array<Unit, 11> kSizeUnits = {{{"", 1},
                                              {"B", 1},
                                              {"K", 1024},
                                              {"M", 1048576},
                                              {"G", 1073741824},
                                              {"KiB", 1024},
                                              {"MiB", 1048576},
                                              {"GiB", 1073741824},
                                              {"KB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9}}};

// Reads digits with at most one point from `text` at `at`; false where there are none.
bool TakeNumber(const std::string& text, size_t& at, double& number) {
  const size_t begin = at;
  bool point = false;
  while (at < text.size() &&
         ((text[at] >= '0' && text[at] <= '9') || (text[at] == '.' && !point))) {
    point = point || text[at] == '.';
    ++at;
  }
  if (at == begin || (at - begin == 1 && point)) return false;
  number = std::stod(text.substr(begin, at - begin));
  return true;
}

std::string TakeWord(const std::string& text, size_t& at) {
  const size_t begin = at;
  while (at < text.size() && text[at] != '.' && (text[at] < '0' || text[at] > '9')) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace

absl::StatusOr<std::chrono::nanoseconds> ParseDuration(const std::string& text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  double total = 0;
  size_t at = 0;
  if (text.empty()) return BadDuration(text);
  while (at < text.size()) {
    double number = 0;
    if (!TakeNumber(text, at, number)) return BadDuration(text);
    const std::string word = TakeWord(text, at);
    double factor = 0;
    for (const Unit& unit : kDurationUnits) {
      if (word == unit.name) factor = unit.factor;
    }
    if (factor == 0) return BadDuration(text);
    total += number * factor;
  }
  if (total > static_cast<double>(std::numeric_limits<int64_t>::max() / 2))
    return BadDuration(text);
  return std::chrono::nanoseconds(static_cast<int64_t>(std::llround(total)));
}

absl::StatusOr<int64_t> ParseSize(const std::string& text) {
  size_t at = 0;
  double number = 0;
  if (!TakeNumber(text, at, number)) return BadSize(text);
  const std::string word = TakeWord(text, at);
  if (at != text.size()) return BadSize(text);
  for (const Unit& unit : kSizeUnits) {
    if (word != unit.name) continue;
    const double bytes = number * unit.factor;
    if (bytes > 9e18) return BadSize(text);
    return static_cast<int64_t>(bytes);
  }
  return BadSize(text);
}

std::string FormatSize(int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double number = static_cast<double>(bytes);
  size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) {
    number /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", number, kUnits[unit]);
  return text;
}

std::string FormatSeconds(double seconds) {
  char text[48];
  if (seconds < 1e-3) {
    std::snprintf(text, sizeof text, "%.0f µs", seconds * 1e6);
  } else if (seconds < 1) {
    std::snprintf(text, sizeof text, "%.1f ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  }
  return text;
}

}  // namespace kvshim::command
