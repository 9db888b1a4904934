// Recorder: what a measurement counts: operations, their latencies, and both over time.
//
// Thread safety: none.
//
//   recorder.Begin();
//   recorder.Add(latency, now);
//   recorder.End();
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "latencies.h"

namespace kvshim::bench {

// A stretch of a measurement.
struct Moment {
  double per_second = 0;
  double worst_us = 0;
};

// Told about twice a second while a measurement runs: seconds since its begin, and what came since
// the last time.
using OnProgress = std::function<void(double seconds, double per_second)>;

class Recorder {
 public:
  static constexpr std::chrono::milliseconds kMoment{100};

  explicit Recorder(OnProgress on_progress = nullptr) : on_progress_(std::move(on_progress)) {}

  // Forgets what was and counts from now on.
  void Begin();
  void End() { counting_ = false; }

  // Does nothing outside of Begin and End. `count`: operations that took this long together.
  void Add(std::chrono::nanoseconds latency, std::chrono::steady_clock::time_point now);

  uint64_t operations() const { return latencies_.count(); }
  const Latencies& latencies() const { return latencies_; }
  // One each kMoment; the last one may be cut short.
  std::vector<Moment> moments() const;

 private:
  struct Count {
    uint64_t operations = 0;
    std::chrono::nanoseconds worst{0};
  };

  void Tell(std::chrono::steady_clock::time_point now);

  const OnProgress on_progress_;
  bool counting_ = false;
  std::chrono::steady_clock::time_point begin_;
  Latencies latencies_;
  std::vector<Count> counts_;
  std::chrono::steady_clock::time_point told_;
  uint64_t told_operations_ = 0;
};

}  // namespace kvshim::bench
