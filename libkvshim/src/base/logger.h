// Structured, levelled logs: a fixed message and named values, one line each, to stderr.
//
//   Log(Level::kInfo, "lease expired", {{"lease", id}, {"keys", count}});
//   2026-01-02T03:04:05.678Z INFO  lease expired lease=7587 keys=3
//   {"ts":"2026-01-02T03:04:05.678Z","level":"info","msg":"lease expired","lease":7587,"keys":3}
//
// A message that can repeat a thousand times a second goes through a LogLimiter:
//
//   static LogLimiter limiter(std::chrono::seconds(10));
//   if (limiter.Allow()) Log(Level::kWarning, "slow commit", {{"took", took}});
//
// Thread safety: everything may be called from any thread. A line is written with one write(2).
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "base/clock.h"

namespace kvshim::base {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// debug, info, warn or warning, error; text, json. Nothing for other words.
std::optional<Level> ParseLevel(std::string_view word);
std::optional<LogFormat> ParseLogFormat(std::string_view word);

// A name and a value: text, number, truth, duration or status. Refers to its argument's text.
class Field {
 public:
  template <typename T>
  Field(std::string_view name, const T& value) : name_(name), value_(Convert(value)) {}

  std::string_view name() const { return name_; }
  // JSON's numbers and literals are not quoted.
  bool is_text() const { return std::holds_alternative<std::string_view>(value_) || owned(); }
  void AppendTo(std::string& out) const;

 private:
  using Value = std::variant<int64_t, uint64_t, double, bool, std::string_view, std::string>;

  bool owned() const { return std::holds_alternative<std::string>(value_); }

  static Value Convert(bool value) { return value; }
  template <std::signed_integral T>
  static Value Convert(T value) {
    return static_cast<int64_t>(value);
  }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  static Value Convert(T value) {
    return static_cast<uint64_t>(value);
  }
  template <std::floating_point T>
  static Value Convert(T value) {
    return static_cast<double>(value);
  }
  template <typename T>
    requires std::is_enum_v<T>
  static Value Convert(T value) {
    return Convert(static_cast<std::underlying_type_t<T>>(value));
  }
  static Value Convert(std::string_view value) { return value; }
  static Value Convert(const std::string& value) { return std::string_view(value); }
  static Value Convert(const char* value) { return std::string_view(value); }
  // The code and the message; a payload is for programs.
  static Value Convert(const absl::Status& value) {
    return value.ToString(absl::StatusToStringMode::kWithNoExtraData);
  }
  // Durations are written in the unit that suits people: 250ms, 1.5s.
  static Value Convert(std::chrono::nanoseconds value);

  std::string_view name_;
  Value value_;
};

void Log(Level level, std::string_view message, std::initializer_list<Field> fields = {});

// Lines below `level` are dropped. Level and format start as kInfo and kText.
void SetLogLevel(Level level);
Level GetLogLevel();
void SetLogFormat(LogFormat format);

// Lines, newline included, go to `sink` instead of stderr; an empty one restores stderr. `sink` is
// called by one thread at a time.
void SetLogSink(std::function<void(std::string_view line)> sink);

// Lets one of a repeated message through per period.
class LogLimiter {
 public:
  explicit LogLimiter(Duration period, Clock& clock = Clock::Real())
      : period_(period), clock_(clock) {}

  bool Allow();
  // How many were refused since this was last asked.
  uint64_t TakeSuppressed() { return suppressed_.exchange(0); }

 private:
  const Duration period_;
  Clock& clock_;
  std::atomic<Duration::rep> next_{Duration::min().count()};
  std::atomic<uint64_t> suppressed_{0};
};

}  // namespace kvshim::base
