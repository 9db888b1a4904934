#include "cluster_comparison.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/status.h"
#include "base/strings.h"
#include "bench/load/machine.h"

namespace kvshim::bench {
namespace {

using base::Concat;

constexpr double kMegabyte = 1e6;

absl::Status WithPlace(const absl::Status& status, const std::string& place) {
  return {status.code(), base::ToAbsl(Concat(place, ": ", base::FromAbsl(status.message())))};
}

// A folder for one comparison, gone with it.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& parent)
      : path_(std::filesystem::absolute(parent) / Concat("cluster-", getpid())) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  absl::StatusOr<std::filesystem::path> Make(const std::string& name) const {
    std::error_code error;
    std::filesystem::create_directories(path_ / name, error);
    if (!error) return path_ / name;
    return absl::PermissionDeniedError(Concat("cannot make ", (path_ / name).string()));
  }

 private:
  const std::filesystem::path path_;
};

// The size of a program without what only a debugger wants.
absl::StatusOr<double> StrippedMegabytes(const std::string& program, const Scratch& scratch) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder, scratch.Make("stripped"));
  RETURN_IF_ERROR(
      RunToEnd({{"strip", "-o", "program", std::filesystem::absolute(program)}, folder}));
  std::error_code error;
  const auto bytes = std::filesystem::file_size(folder / "program", error);
  if (error) return absl::UnavailableError(Concat("cannot strip ", program));
  return static_cast<double>(bytes) / kMegabyte;
}

class Runner {
 public:
  Runner(const ClusterOptions& options, const std::atomic<bool>& stop)
      : stop_(stop), scratch_(options.data_folder) {
    comparison_.options = options;
    comparison_.system = SystemName();
    comparison_.processors = static_cast<int>(std::thread::hardware_concurrency());
  }

  absl::StatusOr<ClusterComparison> Run() {
    RETURN_IF_ERROR(FindPrograms());
    RETURN_IF_ERROR(ChooseWorkloads());
    RETURN_IF_ERROR(MeasureSizes());
    for (int round = 0; round < options().rounds; ++round) {
      std::fprintf(stderr, "round %d of %d\n", round + 1, options().rounds);
      RETURN_IF_ERROR(RunRound(round));
    }
    return std::move(comparison_);
  }

 private:
  const ClusterOptions& options() const { return comparison_.options; }
  std::vector<Contender>& contenders() { return comparison_.group.contenders; }

  absl::Status FindPrograms() {
    ASSIGN_OR_RETURN(const std::string kvplane, Find("kvplane", options().kvplane, "version"));
    settings_.push_back({kvplane, ""});
    contenders().push_back({.name = "kvplane"});
    if (options().alone) return absl::OkStatus();
    const auto program = Find("kube-apiserver", options().kube_apiserver, "--version");
    const auto etcd = Find("etcd", options().etcd, "--version");
    for (const auto& one : {program, etcd}) {
      if (!one.ok()) comparison_.absent.emplace_back(one.status().message());
    }
    if (!program.ok() || !etcd.ok()) return absl::OkStatus();
    settings_.push_back({*program, *etcd});
    contenders().push_back({.name = "kube-apiserver"});
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Find(const std::string& name, const std::string& given,
                                   const std::string& version_flag) {
    const std::string program = FindProgram(given);
    const std::string version = program.empty() ? "" : FirstLineOf({program, version_flag});
    if (version.empty()) {
      return absl::NotFoundError(
          Concat(name, " is not there: ", given, " cannot be run (name it with --", name, ")"));
    }
    // Some say their name with it.
    comparison_.versions.push_back(
        version.find(' ') == std::string::npos ? Concat(name, " ", version) : version);
    return program;
  }

  absl::Status ChooseWorkloads() {
    const auto& wanted = options().workloads;
    for (const ClusterWorkload& workload : ClusterWorkloads()) {
      if (!wanted.empty() && std::ranges::find(wanted, workload.about.name) == wanted.end())
        continue;
      comparison_.group.workloads.push_back({&workload.about});
      comparison_.group.workloads.back().results.resize(contenders().size());
      workloads_.push_back(&workload);
    }
    return absl::OkStatus();
  }

  absl::Status RunRound(int round) {
    std::vector<std::unique_ptr<ClusterServer>> servers(contenders().size());
    std::vector<std::filesystem::path> folders;
    for (size_t i = 0; i < servers.size(); ++i) {
      ASSIGN_OR_RETURN(folders.emplace_back(),
                       scratch_.Make(Concat(contenders()[i].name, "-", round)));
      if (absl::Status status = RunAlone(i, folders[i]); !status.ok()) {
        return WithPlace(status, contenders()[i].name);
      }
    }
    for (size_t i = 0; i < servers.size(); ++i) {
      RETURN_IF_ERROR(CheckStop());
      ASSIGN_OR_RETURN(servers[i], ClusterServer::Start(settings_[i], folders[i]));
      Note(Concat("start with ", options().load.pods, " pods"), "s", i,
           servers[i]->start_seconds());
      RETURN_IF_ERROR(servers[i]->AwaitRest());
    }
    for (size_t workload = 0; workload < workloads_.size(); ++workload) {
      for (size_t turn = 0; turn < servers.size(); ++turn) {
        RETURN_IF_ERROR(CheckStop());
        const size_t i = (turn + static_cast<size_t>(round)) % servers.size();
        Measure(workload, i, *servers[i], round);
      }
    }
    return absl::OkStatus();
  }

  // What a contender is without a load: how it starts, and what it keeps.
  absl::Status RunAlone(size_t i, const std::filesystem::path& folder) {
    RETURN_IF_ERROR(CheckStop());
    ASSIGN_OR_RETURN(const auto server, ClusterServer::Start(settings_[i], folder));
    Note(kClusterStart, "s", i, server->start_seconds());
    ASSIGN_OR_RETURN(const double begun, server->ResidentMebibytes());
    Note("memory when it is ready", "MiB", i, begun);
    RETURN_IF_ERROR(server->AwaitRest());
    ASSIGN_OR_RETURN(const double idle, server->ResidentMebibytes());
    Note(kClusterIdle, "MiB", i, idle);
    RETURN_IF_ERROR(FillCluster(*server, options().load));
    RETURN_IF_ERROR(server->AwaitRest());
    ASSIGN_OR_RETURN(const double filled, server->ResidentMebibytes());
    Note(Concat("memory after ", options().load.pods, " pods were created"), "MiB", i, filled);
    return absl::OkStatus();
  }

  void Measure(size_t workload, size_t i, ClusterServer& server, int round) {
    WorkloadResults& results = comparison_.group.workloads[workload];
    ClusterLoad load = options().load;
    load.round = round;
    auto result = workloads_[workload]->run(server, load);
    if (!result.ok()) {
      Result failed;
      failed.failure = std::string(result.status().message());
      std::fprintf(stderr, "  %-24s %-14s failed: %s\n", results.name().c_str(),
                   contenders()[i].name.c_str(), failed.failure.c_str());
      results.results[i].push_back(std::move(failed));
      return;
    }
    std::fprintf(stderr,
                 "  %-24s %-14s %9.0f /s   p50 %9.0f us   p99 %9.0f us   %8.1f us CPU each\n",
                 results.name().c_str(), contenders()[i].name.c_str(), result->per_second,
                 result->p50_us, result->p99_us, result->server_cpu_us);
    results.results[i].push_back(*std::move(result));
  }

  absl::Status MeasureSizes() {
    if (!options().packaged.empty()) {
      ASSIGN_OR_RETURN(const double size, StrippedMegabytes(options().packaged, scratch_));
      Note(kPackageSize, "MB", 0, size);
    }
    for (size_t i = 1; i < contenders().size(); ++i) {
      ASSIGN_OR_RETURN(const double size, StrippedMegabytes(settings_[i].program, scratch_));
      ASSIGN_OR_RETURN(const double etcd, StrippedMegabytes(settings_[i].etcd, scratch_));
      Note(kPackageSize, "MB", i, size + etcd);
    }
    return absl::OkStatus();
  }

  void Note(const std::string& name, const std::string& unit, size_t contender, double value) {
    auto figure = std::ranges::find(comparison_.figures, name, &ClusterFigure::name);
    if (figure == comparison_.figures.end()) {
      comparison_.figures.push_back({name, unit, {}});
      figure = std::prev(comparison_.figures.end());
    }
    figure->values.resize(contenders().size());
    figure->values[contender].push_back(value);
    std::fprintf(stderr, "  %s, %s: %.2f %s\n", contenders()[contender].name.c_str(), name.c_str(),
                 value, unit.c_str());
  }

  absl::Status CheckStop() const {
    return stop_ ? absl::CancelledError("stopped by a signal") : absl::OkStatus();
  }

  const std::atomic<bool>& stop_;
  const Scratch scratch_;
  ClusterComparison comparison_;
  std::vector<ClusterSettings> settings_;  // one a contender
  std::vector<const ClusterWorkload*> workloads_;
};

}  // namespace

absl::StatusOr<ClusterComparison> CompareClusters(const ClusterOptions& options,
                                                  const std::atomic<bool>& stop) {
  RETURN_IF_ERROR(CheckDisk(options.data_folder));
  return Runner(options, stop).Run();
}

}  // namespace kvshim::bench
