// Quantity: an exact amount such as 500m, 1.5Gi or 2e3, as resources are counted in.
//
// Amounts are counted in billionths, as Kubernetes does: what is finer is rounded away from zero,
// and what is beyond ±10^29 capped. The text remembers the family of its suffix: Ki…Ei, n…E, or e3.
//
// Thread safety: a value.
//
//   ASSIGN_OR_RETURN(Quantity cpu, Quantity::Parse("1500m"));
//   cpu += *Quantity::Parse("1");
//   cpu.ToString() == "2500m";
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::api {

class Quantity {
 public:
  enum class Format : uint8_t { kDecimalSI, kBinarySI, kDecimalExponent };

  Quantity() = default;
  explicit Quantity(int64_t units, Format format = Format::kDecimalSI)
      : nanos_(static_cast<__int128>(units) * kNano), format_(format) {}

  // The errors are Kubernetes' own.
  static absl::StatusOr<Quantity> Parse(std::string_view text);

  // The canonical text: no fraction, the largest suffix that leaves none.
  std::string ToString() const;

  int64_t Value() const;       // in units, rounded away from zero
  int64_t MilliValue() const;  // in thousandths, likewise
  double ToDouble() const { return static_cast<double>(nanos_) / kNano; }
  bool IsZero() const { return nanos_ == 0; }
  int Sign() const { return nanos_ < 0 ? -1 : nanos_ > 0 ? 1 : 0; }
  Format format() const { return format_; }

  // Zero takes the format of what is added to it.
  Quantity& operator+=(const Quantity& other);
  Quantity& operator-=(const Quantity& other);
  // Rounds away from zero to thousandths, which is as fine as ResourceLists are kept.
  void RoundUpToMilli();

  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nanos_ == b.nanos_; }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nanos_ <=> b.nanos_;
  }

 private:
  static constexpr int64_t kNano = 1000000000;

  __int128 nanos_ = 0;
  Format format_ = Format::kDecimalSI;
};

// The text that a quantity has after it went through Kubernetes: canonical, except that a text that
// is nearly so stays as it is. The errors are those of Parse.
absl::StatusOr<std::string> CanonicalQuantity(std::string_view text);

}  // namespace kvplane::api
