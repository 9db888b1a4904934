// kvshim-load: etcd-shaped load against any endpoint, or kvshim, etcd and kine side by side.

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
  std::vector<std::string> endpoints;
  std::vector<pid_t> servers;
  pid_t database = 0;
  bool populate = true;
};

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Workload& workload : Workloads()) names.push_back(workload.name);
  return names;
}

std::vector<std::string> NamesFor(int servers) {
  std::vector<std::string> names;
  for (const Workload& workload : Workloads()) {
    if (workload.servers <= servers) names.push_back(workload.name);
  }
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
  command.add_option("--listed-keys", load.list_keys, "Keys that get and list read")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command.add_option("--counted-keys", load.count_keys, "Keys that count and first-page read")
      ->capture_default_str()
      ->check(CLI::Range(500, 10000000));
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
  auto connections = Connections::Open(settings.endpoints, load.connections);
  if (!connections.ok()) return Fail(connections.status());
  if (settings.populate) {
    if (absl::Status status = PopulateForReads(**connections, load); !status.ok()) {
      return Fail(status);
    }
  }
  if (workloads.empty()) workloads = NamesFor(static_cast<int>(settings.endpoints.size()));
  std::printf("%-21s %10s %10s %10s %10s %10s\n", "workload", "per second", "p50 us", "p99 us",
              "p99.9 us", "CPU us");
  for (const std::string& name : workloads) {
    const auto result =
        RunWorkload(name, **connections, load, {settings.servers, settings.database});
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

  CLI::App app("etcd-shaped load: kvshim, etcd and kine side by side, or any endpoint.",
               "kvshim-load");
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
      app.add_subcommand("compare", "Start kvshim, etcd and kine, load them in turns, print all");
  DeclareLoad(*compare, options.load, options.workloads);
  compare->add_option("--rounds", options.rounds, "How often all is done")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  compare->add_option("--kvshim", options.kvshim, "The kvshim program; the one built beside this");
  compare->add_option("--etcd", options.etcd, "The etcd program")->capture_default_str();
  compare->add_option("--kine", options.kine, "The kine program")->capture_default_str();
  compare
      ->add_option("--databases", options.databases,
                   "Under kvshim and kine: sqlite, postgres, mariadb; all that are installed")
      ->check(CLI::IsMember({"sqlite", "postgres", "mariadb"}))
      ->delimiter(',');
  compare
      ->add_option("--contenders", options.contenders,
                   "kvshim, etcd, kine, kine-pooled (kine told to open 64 connections to its "
                   "database at most and to keep them); the first three where not given")
      ->check(CLI::IsMember({"kvshim", "etcd", "kine", "kine-pooled"}))
      ->delimiter(',');
  compare->add_option("--postgres", options.postgres_dsn,
                      "DSN of a PostgreSQL that runs already, in place of one started here");
  compare->add_option("--mysql", options.mysql_dsn,
                      "DSN of a MariaDB or MySQL that runs already, in place of one started here");
  compare->add_flag("!--no-one-server", options.one_server,
                    "Leave out the comparison of one server with another");
  compare->add_flag("!--no-several-servers", options.several_servers,
                    "Leave out what wants several servers on one database");
  compare->add_option("--data-folder", options.data_folder,
                      "Where all keep their data meanwhile, on a disk; beside this program");
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
  run->add_option("--endpoint", settings.endpoints, "host:port; several: servers of one store")
      ->required()
      ->delimiter(',');
  run->add_option("--server-pid", settings.servers,
                  "Their processes on this machine, to see their CPU")
      ->delimiter(',');
  run->add_option("--database-pid", settings.database,
                  "The database server's process on this machine");
  run->add_flag("!--no-populate", settings.populate, "The keys that reads need are there already");
  DeclareLoad(*run, load, chosen);

  CLI11_PARSE(app, argc, argv);
  if (*run) return RunOnEndpoint(settings, load, chosen);
  return RunComparison(options, output);
}

}  // namespace
}  // namespace kvshim::bench

int main(int argc, char** argv) { return kvshim::bench::Main(argc, argv); }
