// Measure: has callgrind count the instructions of a function, those of other threads included,
// under a name. Where callgrind does not run, the function just runs.
//
//   Measure("get", 1000, [&] { for (int i = 0; i < 1000; ++i) Get(); });
//
// The function runs once before, uncounted: what happens only once is not what is guarded.
// Each call makes one dump of callgrind, whose reason is "get 1000" (../instruction_counts.h).
#pragma once

#include <valgrind/callgrind.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace kvshim::guard {

template <typename Function>
void Measure(std::string_view name, int64_t operations, Function function) {
  function();
  const std::string reason = base::Concat(name, " ", operations);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  function();
  CALLGRIND_DUMP_STATS_AT(reason.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
}

}  // namespace kvshim::guard
