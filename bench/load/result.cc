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
    const ProcessUsage usage = meter.server();
    result.server_cpu_us = Microseconds(usage.cpu) / count;
    result.server_written_bytes = static_cast<double>(usage.written_bytes) / count;
    result.server_resident_bytes = static_cast<double>(usage.resident_bytes);
  }
  if (meter.has_database()) {
    const ProcessUsage usage = meter.database();
    result.database_cpu_us = Microseconds(usage.cpu) / count;
    result.database_written_bytes = static_cast<double>(usage.written_bytes) / count;
    result.database_resident_bytes = static_cast<double>(usage.resident_bytes);
  }
  return result;
}

}  // namespace kvshim::bench
