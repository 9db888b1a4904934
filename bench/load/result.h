// What one measurement of one workload on one server came to.
#pragma once

#include <string>

#include "latencies.h"
#include "process_usage.h"

namespace kvshim::bench {

struct Result {
  double per_second = 0;  // operations, or events delivered
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double server_cpu_us = 0;         // per operation; 0 where the server's process is not known
  double server_written_bytes = 0;  // per operation, towards the device
  double server_resident_bytes = 0;
  double own_load = 0;      // processors that the load generator kept busy
  double foreign_load = 0;  // processors that neither it nor the server kept busy
};

// Of `operations` done while `meter` ran.
Result MakeResult(uint64_t operations, const Latencies& latencies, const Meter& meter);

}  // namespace kvshim::bench
