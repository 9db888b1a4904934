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
  // Of the servers' processes; 0 where they are not known. CPU and bytes are per operation, bytes
  // written those towards the device.
  double server_cpu_us = 0;
  double server_written_bytes = 0;
  double server_resident_bytes = 0;
  // Of the database server below them; 0 where there is none.
  double database_cpu_us = 0;
  double database_written_bytes = 0;
  double database_resident_bytes = 0;
  double own_load = 0;      // processors that the load generator kept busy
  double foreign_load = 0;  // processors that none of these kept busy
  std::string failure;      // why there are no numbers
};

// Of `operations` done while `meter` ran.
Result MakeResult(uint64_t operations, const Latencies& latencies, const Meter& meter);

}  // namespace kvshim::bench
