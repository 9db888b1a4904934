// The load of workloads on servers that run already.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "result.h"
#include "workload.h"

namespace kvshim::bench {

struct RunOptions {
  LoadOptions load;
  std::vector<std::string> endpoints;  // host:port; several are servers of one store
  ProcessGroup processes;              // the servers' on this machine, where they are known
  std::vector<std::string> workloads;  // empty: all that the endpoints can do
  std::filesystem::path json;          // what to write beside the table; empty: nothing
  std::filesystem::path html;
};

struct NamedResult {
  std::string name;
  Result result;
};

// Prints a table as it goes, and its progress on the standard error output. A workload that fails
// is noted in its result and ends nothing. Ends after the measurement during which `stop` became
// true.
absl::StatusOr<std::vector<NamedResult>> Run(const RunOptions& options,
                                             const std::atomic<bool>& stop);

}  // namespace kvshim::bench
