// What one measurement of one workload on one server came to.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "process_usage.h"
#include "recorder.h"

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
  double server_peak_bytes = 0;  // the most that was resident meanwhile
  // Of the database server below them; 0 where there is none.
  double database_cpu_us = 0;
  double database_written_bytes = 0;
  double database_resident_bytes = 0;
  // Per operation, as the servers count them; less than 0 where they do not.
  double syncs = -1;
  double own_load = 0;      // processors that the load generator kept busy
  double foreign_load = 0;  // processors that none of these kept busy
  // Latencies in microseconds at each of kPercentiles, and what happened when.
  std::vector<double> distribution;
  std::vector<Moment> moments;
  // What only this workload has: name and number.
  std::vector<std::pair<std::string, double>> further;
  std::string failure;  // why there are no numbers
};

inline constexpr double kPercentiles[] = {0,  10,   25,   50,    75,    90, 95,
                                          99, 99.5, 99.9, 99.95, 99.99, 100};

// Of what `recorder` saw while `meter` ran.
Result MakeResult(const Recorder& recorder, const Meter& meter);

// One of the further numbers; 0 where it is not there.
double Further(const Result& result, const std::string& name);

}  // namespace kvshim::bench
