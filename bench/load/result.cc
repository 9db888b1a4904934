#include "result.h"

namespace kvshim::bench {
namespace {

double Microseconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

Result MakeResult(const Recorder& recorder, const Meter& meter) {
  Result result;
  const uint64_t operations = recorder.operations();
  const Latencies& latencies = recorder.latencies();
  const double count = operations == 0 ? 1 : static_cast<double>(operations);
  result.per_second = static_cast<double>(operations) / meter.seconds();
  result.p50_us = Microseconds(latencies.Percentile(50));
  result.p99_us = Microseconds(latencies.Percentile(99));
  result.p999_us = Microseconds(latencies.Percentile(99.9));
  for (const double percent : kPercentiles) {
    result.distribution.push_back(Microseconds(latencies.Percentile(percent)));
  }
  result.moments = recorder.moments();
  result.own_load = meter.own_load();
  result.foreign_load = meter.foreign_load();
  if (meter.has_server()) {
    const ProcessUsage usage = meter.server();
    result.server_cpu_us = Microseconds(usage.cpu) / count;
    result.server_written_bytes = static_cast<double>(usage.written_bytes) / count;
    result.server_resident_bytes = static_cast<double>(usage.resident_bytes);
    result.server_peak_bytes = static_cast<double>(usage.peak_bytes);
  }
  if (meter.has_database()) {
    const ProcessUsage usage = meter.database();
    result.database_cpu_us = Microseconds(usage.cpu) / count;
    result.database_written_bytes = static_cast<double>(usage.written_bytes) / count;
    result.database_resident_bytes = static_cast<double>(usage.resident_bytes);
  }
  if (meter.syncs() >= 0) result.syncs = meter.syncs() / count;
  return result;
}

double Further(const Result& result, const std::string& name) {
  for (const auto& [known, number] : result.further) {
    if (known == name) return number;
  }
  return 0;
}

}  // namespace kvshim::bench
