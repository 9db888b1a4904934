// Inflight: bounds how many requests are under way, those that only read and those that change
// apart, so that neither starves the other. Watches and other streams do not count.
//
// Thread safety: every method may be called from any thread.
//
//   Inflight inflight({.reading = 400, .changing = 200});
//   Handler bounded = inflight.Bound(handler);   // 429 beyond
#pragma once

#include <atomic>
#include <cstddef>

#include "apiserver/exchange.h"

namespace kvplane::apiserver {

struct InflightLimits {
  size_t reading = 400;
  size_t changing = 200;
};

class Inflight {
 public:
  explicit Inflight(const InflightLimits& limits) : limits_(limits) {}

  // The handler must not outlive this.
  Handler Bound(Handler next);

  size_t reading() const { return reading_; }
  size_t changing() const { return changing_; }

 private:
  const InflightLimits limits_;
  std::atomic<size_t> reading_{0};
  std::atomic<size_t> changing_{0};
};

}  // namespace kvplane::apiserver
