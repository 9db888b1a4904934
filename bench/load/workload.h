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
  double watch_rate = 100;  // writes a second of watch-steady and watch-across
  int across_watchers = 8;  // of watch-across, at most
  int burst_writes = 1000;  // of watch-burst
};

struct Workload {
  std::string name;
  std::string description;
  bool writes = false;
  // kine answers it too: it knows the requests of a Kubernetes API server and no others.
  bool on_kine = true;
  int servers = 1;  // that it wants, at least
};

// All of them, in the order in which they run; those for several servers last.
const std::vector<Workload>& Workloads();
// Null where there is none of this name.
const Workload* FindWorkload(const std::string& name);

// Creates the keys that the reads need; once for each store.
absl::Status PopulateForReads(Connections& connections, const LoadOptions& options);

// Runs one workload; `processes` are those that work for it. Runs of one workload do not meet
// each other's keys.
absl::StatusOr<Result> RunWorkload(const std::string& name, Connections& connections,
                                   const LoadOptions& options, const ProcessGroup& processes);

}  // namespace kvshim::bench
