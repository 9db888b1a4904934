// Latencies counted in buckets whose width is at most 1/64 of what they hold, so that a percentile
// costs no memory per sample and is at most 1.6 % off. Not thread-safe.
//
//   Latencies latencies;
//   latencies.Add(std::chrono::microseconds(250));
//   latencies.Percentile(99);
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace kvshim::bench {

class Latencies {
 public:
  Latencies();

  void Add(std::chrono::nanoseconds latency);

  // The latency that `percent` of the samples do not exceed; 0 where there are none.
  std::chrono::nanoseconds Percentile(double percent) const;

  uint64_t count() const { return count_; }
  void Clear();

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
};

}  // namespace kvshim::bench
