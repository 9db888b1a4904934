#include "controller/cron_schedule.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::controller {

namespace {

using kvshim::base::Concat;

constexpr uint64_t kStar = uint64_t{1} << 63;
constexpr int kMostDays = 5 * 366;
constexpr int kMany = 100;

struct Bounds {
  int low;
  int high;
  std::vector<std::string_view> names;  // of low, low + 1, …
};

absl::Status Fault(std::string_view what, std::string_view field) {
  return absl::InvalidArgumentError(Concat(what, ": ", field));
}

absl::StatusOr<int> Value(std::string_view text, const Bounds& bounds) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (size_t i = 0; i < bounds.names.size(); ++i) {
    if (lower == bounds.names[i]) return bounds.low + static_cast<int>(i);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fault("failed to parse int from", text);
  }
  return value;
}

// One of "*", "*/5", "3", "1-5", "1-5/2", "3/5".
absl::StatusOr<uint64_t> Range(std::string_view text, const Bounds& bounds) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view base = text.substr(0, slash);
  const size_t dash = std::min(base.find('-'), base.size());
  int low = bounds.low;
  int high = bounds.high;
  uint64_t bits = 0;
  if (base == "*" || base == "?") {
    if (slash == text.size()) bits = kStar;
  } else {
    ASSIGN_OR_RETURN(low, Value(base.substr(0, dash), bounds));
    high = low;
    if (dash < base.size()) {
      ASSIGN_OR_RETURN(high, Value(base.substr(dash + 1), bounds));
    } else if (slash < text.size()) {
      high = bounds.high;
    }
  }
  int step = 1;
  if (slash < text.size()) {
    ASSIGN_OR_RETURN(step, Value(text.substr(slash + 1), {.low = 0, .high = 0, .names = {}}));
  }
  if (low < bounds.low) {
    return Fault(Concat("beginning of range (", low, ") below minimum (", bounds.low, ")"), text);
  }
  if (high > bounds.high) {
    return Fault(Concat("end of range (", high, ") above maximum (", bounds.high, ")"), text);
  }
  if (low > high) {
    return Fault(Concat("beginning of range (", low, ") beyond end of range (", high, ")"), text);
  }
  if (step <= 0) return Fault("step of range should be a positive number", text);
  for (int value = low; value <= high; value += step) bits |= uint64_t{1} << value;
  return bits;
}

absl::StatusOr<uint64_t> Field(std::string_view text, const Bounds& bounds) {
  uint64_t bits = 0;
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    ASSIGN_OR_RETURN(const uint64_t one, Range(text.substr(0, comma), bounds));
    bits |= one;
    if (comma == text.size()) return bits;
    text.remove_prefix(comma + 1);
  }
}

std::string_view Spelled(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
      {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
      {"@hourly", "0 * * * *"}};
  for (const auto& [name, fields] : kWords) {
    if (word == name) return fields;
  }
  return {};
}

bool Has(uint64_t bits, int value) { return (bits >> value & 1) != 0; }

}  // namespace

absl::StatusOr<CronSchedule> CronSchedule::Parse(std::string_view text, std::string_view zone) {
  CronSchedule schedule;
  if (!zone.empty() && !absl::LoadTimeZone(std::string(zone), &schedule.zone_)) {
    return absl::NotFoundError(Concat("unknown time zone ", zone));
  }
  constexpr std::string_view kEvery = "@every ";
  if (text.starts_with(kEvery)) {
    const auto nanos = api::ParseDuration(text.substr(kEvery.size()));
    if (!nanos.ok()) return Fault("failed to parse duration", text);
    schedule.every_ = std::max<int64_t>(*nanos / 1'000'000'000, 1);
    return schedule;
  }
  if (text.starts_with('@')) {
    if (Spelled(text).empty()) return Fault("unrecognized descriptor", text);
    text = Spelled(text);
  }
  std::vector<std::string_view> fields;
  for (size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = end;
  }
  if (fields.size() != 5) {
    return absl::InvalidArgumentError(
        Concat("expected exactly 5 fields, found ", fields.size(), ": [", text, "]"));
  }
  static const Bounds kMonths{
      1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
  static const Bounds kWeekdays{0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};
  ASSIGN_OR_RETURN(schedule.minutes_, Field(fields[0], {0, 59, {}}));
  ASSIGN_OR_RETURN(schedule.hours_, Field(fields[1], {0, 23, {}}));
  ASSIGN_OR_RETURN(schedule.days_, Field(fields[2], {1, 31, {}}));
  ASSIGN_OR_RETURN(schedule.months_, Field(fields[3], kMonths));
  ASSIGN_OR_RETURN(schedule.weekdays_, Field(fields[4], kWeekdays));
  return schedule;
}

bool CronSchedule::IsDay(absl::CivilDay day) const {
  if (!Has(months_, day.month())) return false;
  // Of absl the week begins on Monday.
  const int weekday = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
  const bool by_date = Has(days_, day.day());
  const bool by_weekday = Has(weekdays_, weekday);
  const bool starred = ((days_ | weekdays_) & kStar) != 0;
  return starred ? by_date && by_weekday : by_date || by_weekday;
}

std::optional<int64_t> CronSchedule::Next(int64_t after) const {
  if (every_ > 0) return after + every_;
  // Minutes are counted in absolute time and read off the zone's clock, so that a day may have 23
  // hours of them, or 25.
  absl::Time time = absl::FromUnixSeconds(after - (after % 60 + 60) % 60 + 60);
  absl::CivilDay day = absl::ToCivilDay(time, zone_);
  for (int days = 0; days < kMostDays; ++days, ++day) {
    if (!IsDay(day)) continue;
    const absl::Time end = absl::FromCivil(day + 1, zone_);
    for (time = std::max(time, absl::FromCivil(day, zone_)); time < end; time += absl::Minutes(1)) {
      const absl::CivilSecond at = absl::ToCivilSecond(time, zone_);
      if (Has(hours_, at.hour()) && Has(minutes_, at.minute())) return absl::ToUnixSeconds(time);
    }
  }
  return std::nullopt;
}

CronSchedule::Missed CronSchedule::MissedBetween(int64_t after, int64_t now) const {
  const auto first = Next(after);
  if (!first.has_value() || *first > now) return {};
  const auto second = Next(*first);
  if (!second.has_value() || *second > now) return {.last = first};
  // Over a long time most are leapt over, by the pause between the first two.
  const int64_t pause = *second - *first;
  const int64_t count = (now - *first) / pause + 1;
  Missed missed{.last = first, .many = count > kMany};
  for (std::optional<int64_t> time = Next(*first + std::max<int64_t>(count - 2, 0) * pause - 1);
       time.has_value() && *time <= now; time = Next(*time)) {
    missed.last = time;
  }
  return missed;
}

}  // namespace kvplane::controller
