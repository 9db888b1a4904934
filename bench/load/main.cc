// kvshim-load: etcd-shaped load against any endpoint, or kvshim and etcd side by side.

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/synchronization/mutex.h"
#include "base/strings.h"
#include "comparison.h"
#include "report.h"

namespace kvshim::bench {
namespace {

struct RunSettings {
  std::string endpoint;
  pid_t server = 0;
  bool populate = true;
};

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Workload& workload : Workloads()) names.push_back(workload.name);
  return names;
}

void DeclareLoad(CLI::App& command, LoadOptions& load, std::vector<std::string>& workloads) {
  command.add_option("--clients", load.clients, "Requests under way at once; watchers of a watch")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command.add_option("--connections", load.connections, "Connections they share")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command.add_option("--value-size", load.value_size, "Bytes of a value")
      ->capture_default_str()
      ->check(CLI::Range(16, 1 << 20));
  command
      .add_option_function<double>(
          "--seconds",
          [&load](const double& seconds) {
            load.duration = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
          },
          "How long each measurement takes")
      ->default_str("3")
      ->check(CLI::Range(0.1, 3600.0));
  command.add_option("--workloads", workloads, "Which to run, by name; all where not given")
      ->check(CLI::IsMember(Names()))
      ->delimiter(',');
}

int Fail(const absl::Status& status) {
  std::cerr << "kvshim-load: " << status.message() << '\n';
  return 1;
}

// Set by SIGINT and SIGTERM.
std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);

int RunComparison(const ComparisonOptions& options, const std::string& output) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop = true; });
  const auto comparison = Compare(options, stop);
  if (!comparison.ok()) return Fail(comparison.status());
  const std::string table = ToMarkdown(*comparison);
  std::cout << table;
  std::ofstream markdown(output + ".md");
  std::ofstream json(output + ".json");
  markdown << table << std::flush;
  json << ToJson(*comparison) << std::flush;
  if (!markdown || !json) {
    return Fail(absl::PermissionDeniedError(
        base::ToAbsl(base::Concat("cannot write ", output, ".md and .json"))));
  }
  std::cerr << "written to " << output << ".md and .json\n";
  return 0;
}

int RunOnEndpoint(const RunSettings& settings, const LoadOptions& load,
                  std::vector<std::string> workloads) {
  auto connections = Connections::Open(settings.endpoint, load.connections);
  if (!connections.ok()) return Fail(connections.status());
  if (settings.populate) {
    if (absl::Status status = PopulateForReads(**connections, load); !status.ok()) {
      return Fail(status);
    }
  }
  if (workloads.empty()) workloads = Names();
  std::printf("%-21s %10s %10s %10s %10s %10s\n", "workload", "per second", "p50 us", "p99 us",
              "p99.9 us", "CPU us");
  for (const std::string& name : workloads) {
    const auto result = RunWorkload(name, **connections, load, settings.server);
    if (!result.ok()) return Fail(result.status());
    std::printf("%-21s %10.0f %10.0f %10.0f %10.0f %10.1f\n", name.c_str(), result->per_second,
                result->p50_us, result->p99_us, result->p999_us, result->server_cpu_us);
    std::fflush(stdout);
  }
  return 0;
}

int Main(int argc, char** argv) {
  // Debian's abseil looks for deadlocks at each of gRPC's locks: time that the servers want.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();

  CLI::App app("etcd-shaped load: kvshim and etcd side by side, or any endpoint.", "kvshim-load");
  app.require_subcommand(0, 1);
  std::string workloads = "Workloads:\n";
  for (const Workload& workload : Workloads()) {
    workloads += base::Concat("  ", workload.name, std::string(22 - workload.name.size(), ' '),
                              workload.description, "\n");
  }
  app.footer("Without a subcommand it compares.\n\n" + workloads);

  ComparisonOptions options;
  options.kvshim = (folder.parent_path() / "bin" / "kvshim").string();
  options.data_folder = folder;
  std::string output = (folder / "comparison").string();
  CLI::App* compare =
      app.add_subcommand("compare", "Start kvshim and etcd, load them in turns, print both");
  DeclareLoad(*compare, options.load, options.workloads);
  compare->add_option("--rounds", options.rounds, "How often all is done")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  compare->add_option("--kvshim", options.kvshim, "The kvshim program; the one built beside this");
  compare->add_option("--etcd", options.etcd, "The etcd program")->capture_default_str();
  compare->add_option("--data-folder", options.data_folder,
                      "Where both keep their data meanwhile, on a disk; beside this program");
  compare->add_option("--output", output,
                      "Where to write the results, less .md and .json; beside this program");
  compare
      ->add_option("--quiet", options.quiet,
                   "Processors that others may keep busy before a measurement is repeated")
      ->capture_default_str();
  compare->add_option("--attempts", options.attempts, "Most repetitions of a measurement")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));

  RunSettings settings;
  LoadOptions load;
  std::vector<std::string> chosen;
  CLI::App* run = app.add_subcommand("run", "Load a server that runs already");
  run->add_option("--endpoint", settings.endpoint, "host:port")->required();
  run->add_option("--server-pid", settings.server, "Its process on this machine, to see its CPU");
  run->add_flag("!--no-populate", settings.populate, "The keys that reads need are there already");
  DeclareLoad(*run, load, chosen);

  CLI11_PARSE(app, argc, argv);
  if (*run) return RunOnEndpoint(settings, load, chosen);
  return RunComparison(options, output);
}

}  // namespace
}  // namespace kvshim::bench

int main(int argc, char** argv) { return kvshim::bench::Main(argc, argv); }
