// What is asked of times and durations.
#include <charconv>
#include <cstdlib>

#include "absl/time/time.h"
#include "base/strings.h"
#include "cel/function.h"
#include "cel/time.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

constexpr int64_t kSecond = 1000000000;

// A name of the tz database, or "+02:00", "-5:30", "02:00".
bool FindZone(std::string_view name, absl::TimeZone& zone) {
  const size_t colon = name.find(':');
  if (colon == std::string_view::npos) {
    if (name.empty() || name == "UTC") {
      zone = absl::UTCTimeZone();
      return true;
    }
    return absl::LoadTimeZone(std::string(name), &zone);
  }
  const bool west = name[0] == '-';
  std::string_view hours = name.substr(0, colon);
  if (hours.starts_with('-') || hours.starts_with('+')) hours.remove_prefix(1);
  const std::string_view minutes = name.substr(colon + 1);
  int h = 0;
  int m = 0;
  const auto read = [](std::string_view text, int& out) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    return end.ec == std::errc() && end.ptr == text.data() + text.size();
  };
  if (!read(hours, h) || !read(minutes, m) || h > 23 || m > 59) return false;
  const int offset = h * 3600 + m * 60;
  zone = absl::FixedTimeZone(west ? -offset : offset);
  return true;
}

int64_t PartOf(std::string_view name, const absl::TimeZone::CivilInfo& info) {
  const absl::CivilSecond at = info.cs;
  if (name == "getFullYear") return at.year();
  if (name == "getMonth") return at.month() - 1;
  if (name == "getDayOfYear") return absl::GetYearDay(absl::CivilDay(at)) - 1;
  if (name == "getDayOfMonth") return at.day() - 1;
  if (name == "getDate") return at.day();
  if (name == "getDayOfWeek") {
    return (static_cast<int64_t>(absl::GetWeekday(absl::CivilDay(at))) + 1) % 7;
  }
  if (name == "getHours") return at.hour();
  if (name == "getMinutes") return at.minute();
  if (name == "getSeconds") return at.second();
  return info.subsecond / absl::Milliseconds(1);
}

Value Part(const Call& call) {
  if (call[0].Is(Kind::kDuration) && call.size() == 1) {
    const int64_t nanos = call[0].GetInt();
    if (call.name == "getHours") return Value::Int(nanos / (3600 * kSecond));
    if (call.name == "getMinutes") return Value::Int(nanos / (60 * kSecond));
    if (call.name == "getSeconds") return Value::Int(nanos / kSecond);
    if (call.name == "getMilliseconds") return Value::Int(nanos / 1000000);
    return NoSuchOverload();
  }
  if (!call[0].Is(Kind::kTimestamp)) return NoSuchOverload();
  absl::TimeZone zone = absl::UTCTimeZone();
  if (call.size() == 2) {
    if (!call[1].Is(Kind::kString)) return NoSuchOverload();
    if (!FindZone(call[1].GetString(), zone)) {
      return Value::Error(Concat("unknown time zone ", call[1].GetString()));
    }
  }
  const api::Timestamp time = call[0].GetTimestamp();
  const absl::Time at = absl::FromUnixSeconds(time.seconds) + absl::Nanoseconds(time.nanos);
  return Value::Int(PartOf(call.name, zone.At(at)));
}

}  // namespace

std::optional<int64_t> ReadDuration(std::string_view text) {
  const auto nanos = api::ParseDuration(text);
  if (!nanos.ok()) return std::nullopt;
  return *nanos;
}

std::optional<api::Timestamp> ReadTimestamp(std::string_view text) {
  const auto time = api::ParseTimestamp(text);
  if (!time.ok() || !IsInRange(*time)) return std::nullopt;
  return *time;
}

bool IsInRange(api::Timestamp time) {
  return time.seconds >= -62135596800 && time.seconds <= 253402300799;
}

std::span<const NamedFunction> TimeFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"getFullYear", Part},  {"getMonth", Part},
                                                 {"getDayOfYear", Part}, {"getDayOfMonth", Part},
                                                 {"getDate", Part},      {"getDayOfWeek", Part},
                                                 {"getHours", Part},     {"getMinutes", Part},
                                                 {"getSeconds", Part},   {"getMilliseconds", Part}};
  return kFunctions;
}

}  // namespace kvplane::cel
