#include "comparison.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "server_process.h"

namespace kvshim::bench {
namespace {

// A server under comparison and the load's connections to it.
struct Side {
  std::string name;
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<Connections> connections;
};

absl::Status CheckDisk(const std::filesystem::path& folder) {
  struct statfs about{};
  if (statfs(folder.c_str(), &about) != 0) {
    return absl::NotFoundError(base::Concat("there is no folder ", folder.string()));
  }
  if (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC) {
    return absl::InvalidArgumentError(
        base::Concat(folder.string(),
                     " is in memory, where a sync costs nothing; name a folder "
                     "on a disk with --data-folder"));
  }
  return absl::OkStatus();
}

std::string SystemName() {
  std::ifstream file("/etc/os-release");
  std::string line;
  const std::string name = "PRETTY_NAME=";
  while (std::getline(file, line)) {
    if (line.rfind(name, 0) != 0) continue;
    line.erase(0, name.size());
    std::erase(line, '"');
    return line;
  }
  return "Linux";
}

absl::StatusOr<Side> Begin(const std::string& name, const ComparisonOptions& options) {
  Side side{name};
  if (name == "kvshim") {
    ASSIGN_OR_RETURN(side.server, ServerProcess::StartKvshim(options.kvshim, options.data_folder));
  } else {
    ASSIGN_OR_RETURN(side.server, ServerProcess::StartEtcd(options.etcd, options.data_folder));
  }
  ASSIGN_OR_RETURN(side.connections,
                   Connections::Open(side.server->target(), options.load.connections));
  RETURN_IF_ERROR(PopulateForReads(*side.connections, options.load));
  // Filling a store in one go is no state to measure in: etcd 3.4 keeps the buffer that it grew for
  // it, and copies the whole of it for every read and transaction.
  side.connections.reset();
  RETURN_IF_ERROR(side.server->Restart());
  ASSIGN_OR_RETURN(side.connections,
                   Connections::Open(side.server->target(), options.load.connections));
  return side;
}

absl::StatusOr<Result> Measure(const std::string& workload, Side& side,
                               const ComparisonOptions& options) {
  Result quietest;
  for (int attempt = 1; attempt <= options.attempts; ++attempt) {
    auto result = RunWorkload(workload, *side.connections, options.load, side.server->pid());
    if (!result.ok()) {
      return absl::Status(result.status().code(),
                          base::ToAbsl(base::Concat(workload, " on ", side.name, ": ",
                                                    base::FromAbsl(result.status().message()))));
    }
    std::fprintf(
        stderr, "  %-21s %-7s %10.0f /s   p50 %9.0f us   p99 %9.0f us   %8.1f us CPU each%s\n",
        workload.c_str(), side.name.c_str(), result->per_second, result->p50_us, result->p99_us,
        result->server_cpu_us, result->foreign_load > options.quiet ? "   (disturbed)" : "");
    if (attempt == 1 || result->foreign_load < quietest.foreign_load) quietest = *result;
    if (quietest.foreign_load <= options.quiet) break;
  }
  return quietest;
}

}  // namespace

absl::StatusOr<Comparison> Compare(const ComparisonOptions& options,
                                   const std::atomic<bool>& stop) {
  RETURN_IF_ERROR(CheckDisk(options.data_folder));
  Comparison comparison;
  comparison.options = options;
  comparison.kvshim_version = FirstLineOf({options.kvshim, "version"});
  comparison.etcd_version = FirstLineOf({options.etcd, "--version"});
  if (comparison.kvshim_version.empty() || comparison.etcd_version.empty()) {
    const bool kvshim = comparison.kvshim_version.empty();
    return absl::NotFoundError(base::Concat("cannot run ", kvshim ? options.kvshim : options.etcd,
                                            "; name it with ", kvshim ? "--kvshim" : "--etcd"));
  }
  comparison.system = SystemName();
  comparison.processors = static_cast<int>(std::thread::hardware_concurrency());
  for (const Workload& workload : Workloads()) {
    const auto& wanted = options.workloads;
    if (wanted.empty() || std::ranges::find(wanted, workload.name) != wanted.end()) {
      comparison.workloads.push_back({workload.name, {}, {}});
    }
  }
  for (int round = 0; round < options.rounds; ++round) {
    std::fprintf(stderr, "round %d of %d\n", round + 1, options.rounds);
    std::vector<Side> sides;
    for (const char* name : {"kvshim", "etcd"}) {
      ASSIGN_OR_RETURN(Side side, Begin(name, options));
      sides.push_back(std::move(side));
    }
    if (round % 2 == 1) std::swap(sides[0], sides[1]);
    for (WorkloadResults& workload : comparison.workloads) {
      for (Side& side : sides) {
        if (stop) return absl::CancelledError("stopped by a signal");
        ASSIGN_OR_RETURN(const Result result, Measure(workload.name, side, options));
        (side.name == "kvshim" ? workload.kvshim : workload.etcd).push_back(result);
      }
    }
  }
  return comparison;
}

}  // namespace kvshim::bench
