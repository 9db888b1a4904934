#include "result.h"

namespace kvshim::bench {
namespace {

double Microseconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

Result MakeResult(uint64_t operations, const Latencies& latencies, const Meter& meter) {
  Result result;
  const double count = operations == 0 ? 1 : static_cast<double>(operations);
  result.per_second = static_cast<double>(operations) / meter.seconds();
  result.p50_us = Microseconds(latencies.Percentile(50));
  result.p99_us = Microseconds(latencies.Percentile(99));
  result.p999_us = Microseconds(latencies.Percentile(99.9));
  result.own_load = meter.own_load();
  result.foreign_load = meter.foreign_load();
  if (meter.has_server()) {
    result.server_cpu_us = Microseconds(meter.server_cpu()) / count;
    result.server_written_bytes = static_cast<double>(meter.server_written_bytes()) / count;
    result.server_resident_bytes = static_cast<double>(meter.server_resident_bytes());
  }
  return result;
}

}  // namespace kvshim::bench
