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
  double rate = 0;  // requests a second, whatever the answers take; 0: as fast as they come
  std::chrono::milliseconds warmup{500};
  std::chrono::milliseconds duration{2000};
  size_t value_size = 1024;
  int64_t list_keys = 5000;    // of value_size, for get and list
  int64_t count_keys = 50000;  // of half of it, for count and first-page
  int64_t page = 500;
  int read_percent = 90;    // of mixed
  int watchers = 0;         // of the watches; 0: as many as clients
  double watch_rate = 100;  // writes a second of watch-steady and watch-across
  int across_watchers = 8;  // of watch-across, at most
  int burst_writes = 1000;  // of watch-burst and watch-catch-up
  OnProgress on_progress;
};

// What a workload finds in the store: prefixes that are filled once and then only read.
enum class Keys { kNone, kListed, kCounted };

struct Workload {
  std::string name;
  std::string description;
  absl::StatusOr<Result> (*run)(Connections&, const LoadOptions&, const ProcessGroup&);
  Keys keys = Keys::kNone;
  bool writes = false;
  // kine answers it too: it knows the requests of a Kubernetes API server and no others.
  bool on_kine = true;
  int servers = 1;  // that it wants, at least
  // Where not 0, in place of what the options say.
  int clients = 0;
  int watchers = 0;
  double watch_rate = 0;
  // At least this long, whatever the options say.
  std::chrono::milliseconds duration{0};
};

// All of them, in the order in which they run; those for several servers last.
const std::vector<Workload>& Workloads();
// Null where there is none of this name.
const Workload* FindWorkload(const std::string& name);

// Creates the keys that workloads find in the store, unless they are there already.
absl::Status Fill(Connections& connections, const LoadOptions& options, Keys keys);

// A prefix that nothing has written to.
std::string FreshPrefix(const std::string& name);

// Runs one workload; `processes` are those that work for it. Runs of one workload do not meet
// each other's keys.
absl::StatusOr<Result> RunWorkload(const Workload& workload, Connections& connections,
                                   LoadOptions options, const ProcessGroup& processes);

}  // namespace kvshim::bench
