#include "run.h"

#include <algorithm>
#include <cstdio>

#include "base/status.h"
#include "base/strings.h"
#include "connections.h"
#include "progress.h"

namespace kvshim::bench {
namespace {

void PrintHead() {
  std::printf("%-22s %10s %10s %10s %10s %9s %9s %9s\n", "workload", "per second", "p50 ms",
              "p99 ms", "p99.9 ms", "CPU us", "B written", "syncs");
}

void Print(const std::string& name, const Result& result, bool has_server) {
  std::printf("%-22s %10.0f %10.3f %10.3f %10.3f", name.c_str(), result.per_second,
              result.p50_us / 1000, result.p99_us / 1000, result.p999_us / 1000);
  if (has_server) {
    std::printf(" %9.1f %9.0f", result.server_cpu_us, result.server_written_bytes);
  } else {
    std::printf(" %9s %9s", "-", "-");
  }
  if (result.syncs >= 0) {
    std::printf(" %9.3f\n", result.syncs);
  } else {
    std::printf(" %9s\n", "-");
  }
  std::fflush(stdout);
}

absl::StatusOr<std::vector<const Workload*>> Choose(const RunOptions& options) {
  const auto servers = static_cast<int>(options.endpoints.size());
  std::vector<const Workload*> chosen;
  for (const Workload& workload : Workloads()) {
    const bool named =
        std::ranges::find(options.workloads, workload.name) != options.workloads.end();
    if (named && workload.servers > servers) {
      return absl::InvalidArgumentError(
          base::Concat("--workloads: ", workload.name, " wants ", workload.servers,
                       " servers of one store: name them all with --endpoint"));
    }
    if (named || (options.workloads.empty() && workload.servers <= servers)) {
      chosen.push_back(&workload);
    }
  }
  return chosen;
}

absl::StatusOr<Result> Measure(const Workload& workload, Connections& connections, LoadOptions load,
                               const ProcessGroup& processes) {
  load.on_progress = ProgressLine(base::Concat("filling for ", workload.name));
  RETURN_IF_ERROR(Fill(connections, load, workload.keys));
  load.on_progress = ProgressLine(workload.name);
  return RunWorkload(workload, connections, load, processes);
}

Result Failure(const absl::Status& status) {
  Result result;
  result.failure = base::FromAbsl(status.message());
  return result;
}

}  // namespace

absl::StatusOr<std::vector<NamedResult>> Run(const RunOptions& options,
                                             const std::atomic<bool>& stop) {
  ASSIGN_OR_RETURN(const auto chosen, Choose(options));
  ASSIGN_OR_RETURN(auto connections,
                   Connections::Open(options.endpoints, options.load.connections));
  ProcessGroup processes = options.processes;
  processes.metrics = options.endpoints;
  std::vector<NamedResult> results;
  PrintHead();
  for (const Workload* workload : chosen) {
    if (stop) break;
    auto result = Measure(*workload, *connections, options.load, processes);
    ClearProgress();
    if (result.ok()) {
      Print(workload->name, *result, !processes.servers.empty());
      results.push_back({workload->name, *std::move(result)});
      continue;
    }
    // What one server cannot do must not hide what it can.
    std::printf("%-22s failed: %s\n", workload->name.c_str(),
                std::string(result.status().message()).c_str());
    results.push_back({workload->name, Failure(result.status())});
    ASSIGN_OR_RETURN(connections, Connections::Open(options.endpoints, options.load.connections));
  }
  return results;
}

}  // namespace kvshim::bench
