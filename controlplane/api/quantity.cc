#include "api/quantity.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace kvplane::api {

namespace {

using Wide = __int128;

constexpr std::string_view kWrongForm =
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

constexpr Wide kLargest = static_cast<Wide>(std::numeric_limits<int64_t>::max()) * 1000000000;
// Decimal amounts have no bound in Kubernetes; ours are cut off where the arithmetic ends.
constexpr Wide kCap = static_cast<Wide>(1000000000000000000) * 10000000000 * 10000000000;

struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view decimals;
  std::string_view suffix;
};

size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

absl::StatusOr<Parts> Split(std::string_view text) {
  const auto wrong = [] {
    return absl::InvalidArgumentError(absl::string_view(kWrongForm.data(), kWrongForm.size()));
  };
  if (text.empty()) return wrong();
  Parts parts;
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  parts.whole = text.substr(0, CountDigits(text));
  text.remove_prefix(parts.whole.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.decimals = text.substr(0, CountDigits(text));
    text.remove_prefix(parts.decimals.size());
  }
  parts.suffix = text;
  const size_t letters = std::min(text.find_first_not_of("eEinumkKMGTP"), text.size());
  text.remove_prefix(letters);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (CountDigits(text) != text.size()) return wrong();
  return parts;
}

struct Scale {
  int base = 10;
  int exponent = 0;
  Quantity::Format format = Quantity::Format::kDecimalSI;
};

constexpr std::pair<std::string_view, int> kDecimal[] = {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0},
                                                         {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12},
                                                         {"P", 15}, {"E", 18}};
constexpr std::pair<std::string_view, int> kBinary[] = {{"Ki", 10}, {"Mi", 20}, {"Gi", 30},
                                                        {"Ti", 40}, {"Pi", 50}, {"Ei", 60}};

absl::StatusOr<Scale> ReadSuffix(std::string_view suffix) {
  for (const auto& [name, exponent] : kDecimal) {
    if (name == suffix) return Scale{10, exponent, Quantity::Format::kDecimalSI};
  }
  for (const auto& [name, exponent] : kBinary) {
    if (name == suffix) return Scale{2, exponent, Quantity::Format::kBinarySI};
  }
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    std::string_view digits = suffix.substr(1);
    if (digits[0] == '+') digits.remove_prefix(1);
    int exponent = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) {
      return Scale{10, exponent, Quantity::Format::kDecimalExponent};
    }
  }
  return absl::InvalidArgumentError("unable to parse quantity's suffix");
}

Wide Capped(Wide value, Wide factor, Wide cap) {
  return value > cap / factor ? cap : value * factor;
}

// The digits of `whole` and `decimals` as billionths, shifted by the suffix, rounded up.
Wide Nanos(const Parts& parts, const Scale& scale) {
  Wide mantissa = 0;
  int64_t shift = 9 - static_cast<int64_t>(parts.decimals.size());
  if (scale.base == 10) shift += scale.exponent;
  bool rest = false;  // something not zero was cut off
  for (const std::string_view digits : {parts.whole, parts.decimals}) {
    for (const char digit : digits) {
      if (mantissa > kCap / 100000) {
        ++shift;  // more digits than there can be
        rest = rest || digit != '0';
      } else {
        mantissa = mantissa * 10 + (digit - '0');
      }
    }
  }
  if (mantissa == 0) return rest ? 1 : 0;
  if (scale.base == 2) {
    for (int i = 0; i < scale.exponent; i += 10) mantissa = Capped(mantissa, 1024, kCap);
  }
  for (; shift > 0 && mantissa < kCap; --shift) mantissa = Capped(mantissa, 10, kCap);
  for (; shift < 0 && mantissa != 0; ++shift) {
    rest = rest || mantissa % 10 != 0;
    mantissa /= 10;
  }
  return mantissa + (rest ? 1 : 0);
}

std::string Digits(Wide value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string out;
  for (; value != 0; value /= 10)
    out += static_cast<char>('0' + std::abs(static_cast<int>(value % 10)));
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

int64_t RoundedUp(Wide nanos, int64_t unit) {
  const Wide whole = nanos / unit;
  const Wide rest = nanos % unit;
  const Wide rounded = whole + (rest > 0 ? 1 : rest < 0 ? -1 : 0);
  return static_cast<int64_t>(std::clamp<Wide>(rounded, std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max()));
}

}  // namespace

absl::StatusOr<Quantity> Quantity::Parse(std::string_view text) {
  auto parts = Split(text);
  if (!parts.ok()) return std::move(parts).status();
  const auto scale = ReadSuffix(parts->suffix);
  if (!scale.ok()) return scale.status();
  // A suffix alone is zero of it, where that is not very small or large.
  if (parts->whole.empty() && parts->decimals.empty() &&
      (scale->base == 2 ? scale->exponent >= 50 : scale->exponent < -9)) {
    return absl::InvalidArgumentError("unable to parse numeric part of quantity");
  }
  Wide nanos = Nanos(*parts, *scale);
  Quantity quantity;
  quantity.format_ = scale->format;
  if (scale->format == Format::kBinarySI) {
    nanos = std::min(nanos, kLargest);
    if (nanos > 0 && nanos < kNano) quantity.format_ = Format::kDecimalSI;
  }
  quantity.nanos_ = parts->negative ? -nanos : nanos;
  return quantity;
}

std::string Quantity::ToString() const {
  if (nanos_ == 0) return "0";
  Format format = format_;
  if (format == Format::kBinarySI) {
    const Wide bound = static_cast<Wide>(1024) * kNano;
    if ((nanos_ > -bound && nanos_ < bound) || nanos_ % kNano != 0) format = Format::kDecimalSI;
  }
  if (format == Format::kBinarySI) {
    Wide mantissa = nanos_ / kNano;
    size_t steps = 0;
    for (; mantissa % 1024 == 0 && steps < std::size(kBinary); ++steps) mantissa /= 1024;
    return Digits(mantissa).append(steps == 0 ? "" : kBinary[steps - 1].first);
  }
  Wide mantissa = nanos_;
  int exponent = -9;
  // The suffixes end at E.
  for (; mantissa % 1000 == 0 && (exponent < 18 || format == Format::kDecimalExponent);
       exponent += 3) {
    mantissa /= 1000;
  }
  std::string out = Digits(mantissa);
  if (format == Format::kDecimalExponent) {
    return exponent == 0 ? out : out.append("e").append(std::to_string(exponent));
  }
  for (const auto& [name, of] : kDecimal) {
    if (of == exponent) out.append(name);
  }
  return out;
}

int64_t Quantity::Value() const { return RoundedUp(nanos_, kNano); }
int64_t Quantity::MilliValue() const { return RoundedUp(nanos_, kNano / 1000); }

Quantity& Quantity::operator+=(const Quantity& other) {
  if (nanos_ == 0) format_ = other.format_;
  nanos_ = std::clamp(nanos_ + other.nanos_, -kCap, kCap);
  return *this;
}

Quantity& Quantity::operator-=(const Quantity& other) {
  if (nanos_ == 0) format_ = other.format_;
  nanos_ = std::clamp(nanos_ - other.nanos_, -kCap, kCap);
  return *this;
}

void Quantity::RoundUpToMilli() {
  const Wide milli = kNano / 1000;
  const Wide rest = nanos_ % milli;
  if (rest > 0) nanos_ += milli - rest;
  if (rest < 0) nanos_ -= milli + rest;
}

absl::StatusOr<std::string> CanonicalQuantity(std::string_view text) {
  const auto quantity = Quantity::Parse(text);
  if (!quantity.ok()) return quantity.status();
  if (text == "0") return std::string(text);
  // Kubernetes keeps the text of small numbers that look canonical enough.
  const auto parts = Split(text);
  const auto scale = ReadSuffix(parts->suffix);
  std::string digits(parts->whole);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) digits.push_back('0');
  digits += parts->decimals;
  if (scale->format == Quantity::Format::kBinarySI) {
    const int precision = 14 - static_cast<int>(digits.size()) -
                          static_cast<int>(static_cast<float>(scale->exponent) * 3 / 10);
    const int last = std::stoi(digits.substr(digits.size() > 3 ? digits.size() - 3 : 0));
    if (parts->decimals.empty() && precision >= 0 && last % 8 != 0) return std::string(text);
  } else {
    const int shift = scale->exponent - static_cast<int>(parts->decimals.size());
    if (digits.size() <= 18 && shift >= -9 && shift % 3 == 0 && !digits.ends_with("000") &&
        digits[0] != '0') {
      return std::string(text);
    }
  }
  return quantity->ToString();
}

}  // namespace kvplane::api
