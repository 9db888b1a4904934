#include "base/logger.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/mutex.h"

namespace kvshim::base {
namespace {

std::atomic<Level> g_level{Level::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kText};

struct Output {
  Mutex mutex;
  std::function<void(std::string_view)> sink GUARDED_BY(mutex);
};

Output& GetOutput() {
  // Never destroyed: threads may log while the process exits.
  static Output& output = *new Output;
  return output;
}

constexpr std::array<std::string_view, 4> kTextNames = {"DEBUG", "INFO ", "WARN ", "ERROR"};
constexpr std::array<std::string_view, 4> kJsonNames = {"debug", "info", "warn", "error"};

void AppendTimestamp(std::string& out) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = millis / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[8];
  std::snprintf(fraction, sizeof(fraction), ".%03dZ", static_cast<int>(millis % 1000));
  out.append(text, size).append(fraction);
}

// Also for text lines: keys of clients may hold newlines or escape sequences of terminals.
void AppendQuoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          char escaped[8];
          std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned char>(c));
          out.append(escaped);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == 0x7f) return true;
  }
  return false;
}

void AppendText(std::string& line, Level level, std::string_view message,
                std::initializer_list<Field> fields) {
  AppendTimestamp(line);
  line.append(" ").append(kTextNames[static_cast<size_t>(level)]).append(" ").append(message);
  std::string value;
  for (const Field& field : fields) {
    value.clear();
    field.AppendTo(value);
    line.append(" ").append(field.name()).append("=");
    NeedsQuotes(value) ? AppendQuoted(line, value) : void(line.append(value));
  }
}

void AppendJson(std::string& line, Level level, std::string_view message,
                std::initializer_list<Field> fields) {
  line.append("{\"ts\":\"");
  AppendTimestamp(line);
  line.append("\",\"level\":\"").append(kJsonNames[static_cast<size_t>(level)]);
  line.append("\",\"msg\":");
  AppendQuoted(line, message);
  std::string value;
  for (const Field& field : fields) {
    value.clear();
    field.AppendTo(value);
    line.push_back(',');
    AppendQuoted(line, field.name());
    line.push_back(':');
    field.is_text() ? AppendQuoted(line, value) : void(line.append(value));
  }
  line.push_back('}');
}

void WriteLine(std::string_view line) {
  Output& output = GetOutput();
  MutexLock lock(output.mutex);
  if (output.sink) {
    output.sink(line);
    return;
  }
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written > 0) {
      line.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

std::optional<Level> ParseLevel(std::string_view word) {
  if (word == "warning") return Level::kWarning;
  for (size_t i = 0; i < kJsonNames.size(); ++i) {
    if (word == kJsonNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view word) {
  if (word == "text") return LogFormat::kText;
  if (word == "json") return LogFormat::kJson;
  return std::nullopt;
}

void Field::AppendTo(std::string& out) const {
  std::visit(
      [&out](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>) {
          out.append(value ? "true" : "false");
        } else if constexpr (std::is_same_v<T, double>) {
          char text[32];
          std::snprintf(text, sizeof(text), "%.6g", value);
          // JSON has no word for these.
          out.append(std::isfinite(value) ? text : "null");
        } else if constexpr (std::is_integral_v<T>) {
          out.append(std::to_string(value));
        } else {
          out.append(value);
        }
      },
      value_);
}

Field::Value Field::Convert(std::chrono::nanoseconds value) {
  const double seconds = std::chrono::duration<double>(value).count();
  const double size = std::fabs(seconds);
  const auto [scale, unit] = size >= 1      ? std::pair(1.0, "s")
                             : size >= 1e-3 ? std::pair(1e3, "ms")
                                            : std::pair(1e6, "us");
  char text[40];
  std::snprintf(text, sizeof(text), "%.4g%s", seconds * scale, unit);
  return std::string(text);
}

void Log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  std::string line;
  line.reserve(256);
  if (g_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
    AppendJson(line, level, message, fields);
  } else {
    AppendText(line, level, message, fields);
  }
  line.push_back('\n');
  WriteLine(line);
}

void SetLogLevel(Level level) { g_level = level; }
Level GetLogLevel() { return g_level; }
void SetLogFormat(LogFormat format) { g_format = format; }

void SetLogSink(std::function<void(std::string_view)> sink) {
  Output& output = GetOutput();
  MutexLock lock(output.mutex);
  output.sink = std::move(sink);
}

bool LogLimiter::Allow() {
  const Duration::rep now = clock_.Now().time_since_epoch().count();
  Duration::rep next = next_.load(std::memory_order_relaxed);
  if (now >= next && next_.compare_exchange_strong(next, now + period_.count())) return true;
  suppressed_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace kvshim::base
