// What a process has used so far, as the kernel counts it, and what one measurement of it cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"

namespace kvshim::bench {

struct ProcessUsage {
  std::chrono::nanoseconds cpu{0};  // user and system time of all its threads
  int64_t written_bytes = 0;        // sent towards the block device (write_bytes of /proc/PID/io)
  int64_t resident_bytes = 0;       // now
};

// Of a process of this user; 0 is this process.
absl::StatusOr<ProcessUsage> ReadProcessUsage(pid_t pid);

// CPU time of all processes of the machine, in the kernel's ticks of usually 10 ms.
absl::StatusOr<std::chrono::nanoseconds> ReadMachineCpu();

// One measured stretch of time: Begin, End, then read.
//
//   Meter meter(server_pid);  // 0: no server process to look at
//   RETURN_IF_ERROR(meter.Begin());
//   ... load ...
//   RETURN_IF_ERROR(meter.End());
class Meter {
 public:
  explicit Meter(pid_t server) : server_pid_(server) {}

  absl::Status Begin();
  absl::Status End();

  bool has_server() const { return server_pid_ != 0; }
  std::chrono::steady_clock::time_point begin() const { return begin_; }
  double seconds() const { return std::chrono::duration<double>(end_ - begin_).count(); }
  std::chrono::nanoseconds server_cpu() const { return server_end_.cpu - server_begin_.cpu; }
  int64_t server_written_bytes() const {
    return server_end_.written_bytes - server_begin_.written_bytes;
  }
  int64_t server_resident_bytes() const { return server_end_.resident_bytes; }
  // Of the load generator, in processors: 0.5 is half of one.
  double own_load() const;
  // Of everything else on the machine, in processors: what disturbed the measurement.
  double foreign_load() const;

 private:
  pid_t server_pid_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point end_;
  ProcessUsage server_begin_;
  ProcessUsage server_end_;
  ProcessUsage own_begin_;
  ProcessUsage own_end_;
  std::chrono::nanoseconds machine_begin_{0};
  std::chrono::nanoseconds machine_end_{0};
};

}  // namespace kvshim::bench
