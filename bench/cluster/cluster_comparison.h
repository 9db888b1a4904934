// kvplane beside a kube-apiserver on etcd. Each round starts both anew: first each alone, for what
// it needs to start and keeps in memory, then both on what they wrote, under the same workloads in
// turns.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/comparison.h"
#include "cluster_workload.h"

namespace kvshim::bench {

struct ClusterOptions {
  ClusterLoad load;
  int rounds = 2;
  std::vector<std::string> workloads;  // empty: all
  std::string kvplane;                 // programs
  std::string kube_apiserver = "kube-apiserver";
  std::string etcd = "etcd";
  std::string packaged;  // kvplane as it is given away; empty: its size is not told
  bool alone = false;    // kvplane without a peer
  std::filesystem::path data_folder = ".";
  std::filesystem::path output = "bench-results";
  std::filesystem::path readme;  // Markdown whose results are replaced; empty: none
};

// A number of each contender, one a round.
struct ClusterFigure {
  std::string name;
  std::string unit;
  std::vector<std::vector<double>> values;
};

// Names of figures that goals speak of.
inline constexpr char kClusterIdle[] = "memory of a new cluster at rest";
inline constexpr char kClusterStart[] = "start of a new cluster, until it is ready";
inline constexpr char kPackageSize[] = "size of the program";

struct ClusterComparison {
  std::vector<std::string> versions;
  std::vector<std::string> absent;
  std::string system;
  int processors = 0;
  ClusterOptions options;
  Group group;
  std::vector<ClusterFigure> figures;
};

// Tells its progress on the standard error output. A workload that fails is noted in its result.
absl::StatusOr<ClusterComparison> CompareClusters(const ClusterOptions& options,
                                                  const std::atomic<bool>& stop);

}  // namespace kvshim::bench
