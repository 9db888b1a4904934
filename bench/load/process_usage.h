// What processes have used so far, as the kernel counts it, and what one measurement cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::bench {

struct ProcessUsage {
  std::chrono::nanoseconds cpu{0};  // user and system time of all threads
  int64_t written_bytes = 0;        // sent towards the block device (write_bytes of /proc/PID/io)
  int64_t resident_bytes = 0;       // now; pages shared by several processes count once
  int64_t peak_bytes = 0;           // the most that was resident since it was last forgotten

  ProcessUsage& operator+=(const ProcessUsage& other);
};

// Of a process of this user; 0 is this process.
absl::StatusOr<ProcessUsage> ReadProcessUsage(pid_t pid);

// Of a process and its children, those that have ended included: PostgreSQL has a process for each
// connection.
absl::StatusOr<ProcessUsage> ReadFamilyUsage(pid_t parent);

// CPU time of all processes of the machine, in the kernel's ticks of usually 10 ms.
absl::StatusOr<std::chrono::nanoseconds> ReadMachineCpu();

// The processes that work for a load, on this machine: etcd's API's servers and, where they run on
// a database server of their own, that one.
struct ProcessGroup {
  std::vector<pid_t> servers;  // empty: unknown
  pid_t database = 0;          // 0: none, or unknown
  // host:port of each server that counts its syncs in /metrics as etcd does.
  std::vector<std::string> metrics;
};

// One measured stretch of time: Begin, End, then read.
//
//   Meter meter({{server_pid}});
//   RETURN_IF_ERROR(meter.Begin());
//   ... load ...
//   RETURN_IF_ERROR(meter.End());
class Meter {
 public:
  explicit Meter(ProcessGroup group) : group_(std::move(group)) {}

  absl::Status Begin();
  absl::Status End();

  bool has_server() const { return !group_.servers.empty(); }
  bool has_database() const { return group_.database != 0; }
  std::chrono::steady_clock::time_point begin() const { return begin_; }
  double seconds() const { return std::chrono::duration<double>(end_ - begin_).count(); }
  // What was used meanwhile, but for the resident bytes: those are of the end.
  ProcessUsage server() const { return Used(begin_usage_.server, end_usage_.server); }
  ProcessUsage database() const { return Used(begin_usage_.database, end_usage_.database); }
  // Of the load generator, in processors: 0.5 is half of one.
  double own_load() const;
  // Syncs of the device that the servers asked for, as they count them; -1 where none does.
  double syncs() const;
  // Of everything else on the machine, in processors: what disturbed the measurement.
  double foreign_load() const;

 private:
  struct Reading {
    ProcessUsage server, database, own;
    std::chrono::nanoseconds machine{0};
    double syncs = -1;
  };

  absl::StatusOr<Reading> Read() const;
  double ReadSyncs() const;
  static ProcessUsage Used(const ProcessUsage& begin, const ProcessUsage& end);
  ProcessUsage own() const { return Used(begin_usage_.own, end_usage_.own); }

  ProcessGroup group_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point end_;
  Reading begin_usage_;
  Reading end_usage_;
};

}  // namespace kvshim::bench
