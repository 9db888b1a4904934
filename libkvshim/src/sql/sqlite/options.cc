#include "sql/sqlite/options.h"

#include <charconv>
#include <limits>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"

namespace kvshim::sql::sqlite {
namespace {

using base::Concat;

absl::Status Unreadable(std::string_view name, std::string_view value, std::string_view expected) {
  return absl::InvalidArgumentError(
      Concat("the parameter ", name, "=", value, " of the database's name is not ", expected));
}

struct Unit {
  std::string_view suffix;
  int64_t factor;
};

// A whole number with one of the units; sets `out` where the parameter is given.
template <size_t n>
absl::Status ReadNumber(const Dsn& dsn, std::string_view name, const Unit (&units)[n], int64_t low,
                        int64_t high, std::string_view expected, int64_t& out) {
  const std::string* text = dsn.Find(name);
  if (text == nullptr) return absl::OkStatus();
  int64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || number < 0) return Unreadable(name, *text, expected);
  const std::string_view suffix(rest, static_cast<size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    if (number > high / unit.factor || number * unit.factor < low) {
      return Unreadable(name, *text, expected);
    }
    out = number * unit.factor;
    return absl::OkStatus();
  }
  return Unreadable(name, *text, expected);
}

constexpr Unit kBytes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
constexpr Unit kMilliseconds[] = {{"", 1}, {"ms", 1}, {"s", 1000}};
constexpr Unit kCount[] = {{"", 1}};
constexpr int64_t kMiB = int64_t{1} << 20;

absl::Status ReadSynchronous(const Dsn& dsn, Synchronous& out) {
  const std::string* text = dsn.Find("synchronous");
  if (text == nullptr) return absl::OkStatus();
  if (*text == "off") {
    out = Synchronous::kOff;
  } else if (*text == "normal") {
    out = Synchronous::kNormal;
  } else if (*text == "full") {
    out = Synchronous::kFull;
  } else if (*text == "extra") {
    out = Synchronous::kExtra;
  } else {
    return Unreadable("synchronous", *text, "off, normal, full or extra");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> Options::FromDsn(const Dsn& dsn) {
  RETURN_IF_ERROR(dsn.Accept(
      {"synchronous", "wal_limit", "cache_size", "mmap_size", "busy_timeout", "readers"}));
  Options options{.path = dsn.address};
  if (options.path == ":memory:" || options.path.starts_with("file:")) {
    return absl::InvalidArgumentError(
        Concat("the database \"", options.path,
               "\" is not a path of a file; for one that need not last, name a file on a tmpfs"));
  }
  RETURN_IF_ERROR(ReadSynchronous(dsn, options.synchronous));
  RETURN_IF_ERROR(ReadNumber(dsn, "wal_limit", kBytes, kMiB, 1024 * kMiB,
                             "a size from 1MiB to 1GiB, such as 32MiB", options.wal_limit));
  RETURN_IF_ERROR(ReadNumber(dsn, "cache_size", kBytes, kMiB, 65536 * kMiB,
                             "a size from 1MiB to 64GiB, such as 32MiB", options.cache_size));
  RETURN_IF_ERROR(ReadNumber(dsn, "mmap_size", kBytes, 0, std::numeric_limits<int64_t>::max(),
                             "a size, such as 1GiB", options.mmap_size));
  RETURN_IF_ERROR(
      ReadNumber(dsn, "readers", kCount, 1, 64, "a number from 1 to 64", options.readers));
  int64_t timeout = options.busy_timeout.count();
  RETURN_IF_ERROR(ReadNumber(dsn, "busy_timeout", kMilliseconds, 0, 3600 * 1000,
                             "a time up to 3600s, such as 5s or 500ms", timeout));
  options.busy_timeout = std::chrono::milliseconds(timeout);
  return options;
}

}  // namespace kvshim::sql::sqlite
