#include "api/timestamp.h"

#include <chrono>
#include <cstdio>

#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr int64_t kSecondsADay = 86400;

// Takes exactly `count` digits from the front of the text; -1 where they are not there.
int TakeDigits(std::string_view& text, size_t count) {
  if (text.size() < count) return -1;
  int number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

struct Reading {
  std::string_view rest;
  bool good = true;

  int Digits(size_t count, int low, int high) {
    const int number = good ? TakeDigits(rest, count) : -1;
    good = good && number >= low && number <= high;
    return number;
  }
  void Character(char c) { good = good && Take(rest, c); }
};

int32_t TakeFraction(Reading& reading) {
  if (!reading.rest.starts_with('.') && !reading.rest.starts_with(',')) return 0;
  reading.rest.remove_prefix(1);
  int64_t nanos = 0;
  int64_t unit = 100000000;
  size_t digits = 0;
  while (!reading.rest.empty() && reading.rest[0] >= '0' && reading.rest[0] <= '9') {
    nanos += (reading.rest[0] - '0') * unit;
    unit /= 10;
    ++digits;
    reading.rest.remove_prefix(1);
  }
  reading.good = reading.good && digits > 0;
  return static_cast<int32_t>(nanos);
}

int64_t TakeOffset(Reading& reading) {
  if (Take(reading.rest, 'Z')) return 0;
  const bool west = reading.rest.starts_with('-');
  reading.good = reading.good && (Take(reading.rest, '+') || Take(reading.rest, '-'));
  const int hours = reading.Digits(2, 0, 23);
  reading.Character(':');
  const int minutes = reading.Digits(2, 0, 59);
  const int64_t seconds = hours * int64_t{3600} + minutes * int64_t{60};
  return west ? -seconds : seconds;
}

std::string Format(Timestamp time, const char* decimals) {
  int64_t days = time.seconds / kSecondsADay;
  int64_t seconds = time.seconds % kSecondsADay;
  if (seconds < 0) {
    seconds += kSecondsADay;
    --days;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  char text[64];
  const int length =
      std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d%sZ",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(seconds / 3600),
                    static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60), decimals);
  return {text, static_cast<size_t>(length)};
}

}  // namespace

bool CanBeWritten(Timestamp time) {
  return time.seconds >= -62167219200 && time.seconds <= 253402300799 && time.nanos >= 0 &&
         time.nanos <= 999999999;
}

absl::StatusOr<Timestamp> ParseTimestamp(std::string_view text) {
  Reading reading{text};
  const int year = reading.Digits(4, 0, 9999);
  reading.Character('-');
  const int month = reading.Digits(2, 1, 12);
  reading.Character('-');
  const int day = reading.Digits(2, 1, 31);
  reading.Character('T');
  const int hour = reading.Digits(2, 0, 23);
  reading.Character(':');
  const int minute = reading.Digits(2, 0, 59);
  reading.Character(':');
  const int second = reading.Digits(2, 0, 59);
  if (!reading.good) {
    return absl::InvalidArgumentError(Concat("parsing time \"", text,
                                             "\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"",
                                             reading.rest, "\""));
  }
  Timestamp time;
  time.nanos = TakeFraction(reading);
  const int64_t offset = TakeOffset(reading);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!reading.good || !reading.rest.empty() || !date.ok()) {
    return absl::InvalidArgumentError(
        Concat("parsing time \"", text, "\": ", date.ok() ? "unexpected \"" : "day out of range",
               date.ok() ? reading.rest : "", date.ok() ? "\"" : ""));
  }
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  time.seconds =
      days * kSecondsADay + hour * int64_t{3600} + minute * int64_t{60} + second - offset;
  if (!CanBeWritten(time)) {
    return absl::InvalidArgumentError(
        Concat("parsing time \"", text, "\": year outside of [0,9999]"));
  }
  return time;
}

std::string FormatTime(Timestamp time) { return Format(time, ""); }

std::string FormatMicroTime(Timestamp time) {
  char decimals[16];
  std::snprintf(decimals, sizeof(decimals), ".%06d", time.nanos / 1000 % 1000000);
  return Format(time, decimals);
}

std::string FormatDuration(int64_t nanos) {
  if (nanos == 0) return "0s";
  // Unsigned, as the smallest number has no counterpart.
  const uint64_t total =
      nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  std::string out(nanos < 0 ? "-" : "");
  const auto append_decimal = [&out](uint64_t whole, uint64_t part, int digits, const char* unit) {
    out += std::to_string(whole);
    if (part != 0) {
      const std::string decimals = std::to_string(part);
      out += '.';
      out.append(static_cast<size_t>(digits) - decimals.size(), '0');
      out += decimals;
      out.erase(out.find_last_not_of('0') + 1);
    }
    out += unit;
  };
  if (total < 1000) {
    append_decimal(total, 0, 0, "ns");
  } else if (total < 1000000) {
    append_decimal(total / 1000, total % 1000, 3, "µs");
  } else if (total < 1000000000) {
    append_decimal(total / 1000000, total % 1000000, 6, "ms");
  } else {
    const uint64_t seconds = total / 1000000000;
    if (seconds >= 3600) append_decimal(seconds / 3600, 0, 0, "h");
    if (seconds >= 60) append_decimal(seconds / 60 % 60, 0, 0, "m");
    append_decimal(seconds % 60, total % 1000000000, 9, "s");
  }
  return out;
}

absl::StatusOr<int64_t> ParseDuration(std::string_view text) {
  const auto invalid = [text] {
    return absl::InvalidArgumentError(Concat("time: invalid duration \"", text, "\""));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (!Take(rest, '-')) Take(rest, '+');
  if (rest == "0") return 0;
  if (rest.empty()) return invalid();
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"ns", 1},       {"us", 1000},      {"µs", 1000},       {"μs", 1000},
      {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
  long double total = 0;
  while (!rest.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const std::string number(rest.substr(0, digits));
    if (number.find_first_of("0123456789") == std::string::npos ||
        number.find('.') != number.rfind('.')) {
      return invalid();
    }
    rest.remove_prefix(digits);
    const size_t unit_end = std::min(rest.find_first_of("0123456789."), rest.size());
    const std::string_view unit = rest.substr(0, unit_end);
    rest.remove_prefix(unit_end);
    int64_t scale = 0;
    for (const auto& [name, nanos] : kUnits) {
      if (name == unit) scale = nanos;
    }
    if (scale == 0) return invalid();
    total += std::stold(number) * static_cast<long double>(scale);
  }
  if (total > 9223372036854775807.0L) return invalid();
  const auto nanos = static_cast<int64_t>(total);
  return negative ? -nanos : nanos;
}

}  // namespace kvplane::api
