// The workloads of Kubernetes' API by name, and what they find in the cluster.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/workload.h"
#include "cluster_server.h"

namespace kvshim::bench {

struct ClusterLoad {
  std::chrono::milliseconds warmup{300};
  std::chrono::milliseconds duration{1000};
  int clients = 64;
  int listers = 8;  // clients of the lists
  int pods = 5000;  // in the cluster before anything is measured
  int watchers = 200;
  double watch_rate = 100;  // writes a second of watch-steady
  int burst_writes = 200;   // of watch-burst
  int round = 0;            // makes names that were not there
};

struct ClusterWorkload {
  Workload about;
  std::function<absl::StatusOr<Result>(ClusterServer&, const ClusterLoad&)> run;
};

const std::vector<ClusterWorkload>& ClusterWorkloads();

// Creates the namespaces and pods that the workloads want.
absl::Status FillCluster(ClusterServer& server, const ClusterLoad& load);

}  // namespace kvshim::bench
