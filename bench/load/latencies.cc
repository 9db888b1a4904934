#include "latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kvshim::bench {
namespace {

// Values below 2^kPrecision have a bucket each; above, every power of two has 2^kPrecision buckets.
constexpr int kPrecision = 6;
constexpr uint64_t kPerPower = uint64_t{1} << kPrecision;

size_t BucketOf(uint64_t value) {
  if (value < kPerPower) return value;
  const int shift = std::bit_width(value) - 1 - kPrecision;
  return static_cast<size_t>(shift) * kPerPower + (value >> shift);
}

uint64_t UpperBoundOf(size_t bucket) {
  if (bucket < 2 * kPerPower) return bucket;
  const auto shift = static_cast<int>(bucket / kPerPower) - 1;
  const uint64_t mantissa = bucket % kPerPower + kPerPower;
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

Latencies::Latencies() : buckets_((64 - kPrecision) * kPerPower + kPerPower) {}

void Latencies::Add(std::chrono::nanoseconds latency) {
  ++buckets_[BucketOf(static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0)))];
  ++count_;
}

void Latencies::Clear() {
  std::ranges::fill(buckets_, 0);
  count_ = 0;
}

std::chrono::nanoseconds Latencies::Percentile(double percent) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const auto wanted = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) {
      return std::chrono::nanoseconds(static_cast<int64_t>(UpperBoundOf(bucket)));
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace kvshim::bench
