// The workloads by name, each runnable on any etcd endpoint.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "connections.h"
#include "result.h"

namespace kvshim::bench {

struct LoadOptions {
  int clients = 64;
  int connections = 8;
  std::chrono::milliseconds warmup{500};
  std::chrono::milliseconds duration{3000};
  size_t value_size = 1024;
  int64_t list_keys = 5000;    // of value_size, for get and list
  int64_t count_keys = 50000;  // of half of it, for count and first-page
  int64_t page = 500;
  double watch_rate = 100;  // writes a second of watch-steady
  int burst_writes = 1000;  // of watch-burst
};

struct Workload {
  std::string name;
  std::string description;
  bool writes = false;
};

// All of them, in the order in which they run.
const std::vector<Workload>& Workloads();

// Writes the keys that the reads need; once for each server.
absl::Status PopulateForReads(Connections& connections, const LoadOptions& options);

// Runs one workload; `server` is the process to look at, 0 where it is not on this machine. Runs
// of one workload do not meet each other's keys.
absl::StatusOr<Result> RunWorkload(const std::string& name, Connections& connections,
                                   const LoadOptions& options, pid_t server);

}  // namespace kvshim::bench
