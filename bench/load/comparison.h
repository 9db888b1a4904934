// kvshim and etcd under the same load in turns: each round starts both anew, and every workload of
// it runs on one and then on the other, so that what disturbs the machine meets both. Which of the
// two comes first changes with each round.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "result.h"
#include "workload.h"

namespace kvshim::bench {

struct ComparisonOptions {
  LoadOptions load;
  int rounds = 3;
  std::vector<std::string> workloads;  // empty: all
  std::string kvshim = "kvshim";       // programs
  std::string etcd = "etcd";
  std::filesystem::path data_folder;  // on a disk: memory cannot be synced
  // A measurement during which other processes kept more than so many processors busy is repeated,
  // at most `attempts` times in all; the quietest one counts.
  double quiet = 0.3;
  int attempts = 2;
};

// The results of one workload, one of each server a round.
struct WorkloadResults {
  std::string name;
  std::vector<Result> kvshim;
  std::vector<Result> etcd;
};

struct Comparison {
  std::string kvshim_version;
  std::string etcd_version;
  std::string system;
  int processors = 0;
  ComparisonOptions options;
  std::vector<WorkloadResults> workloads;
};

// Tells its progress on the standard error output. Ends with an error, and with its servers and
// their folders cleared away, at most one measurement after `stop` became true.
absl::StatusOr<Comparison> Compare(const ComparisonOptions& options, const std::atomic<bool>& stop);

}  // namespace kvshim::bench
