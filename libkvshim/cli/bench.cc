#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "base/strings.h"
#include "bench/load/comparison.h"
#include "bench/load/echo.h"
#include "bench/load/report.h"
#include "bench/load/run.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

using bench::Workload;
using bench::Workloads;

std::vector<std::string> WorkloadNames() {
  std::vector<std::string> names;
  for (const Workload& workload : Workloads()) names.push_back(workload.name);
  return names;
}

CLI::Option* AddCount(CLI::App& command, const std::string& name, int& count, int least,
                      const std::string& description) {
  return command.add_option(name, count, description)
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(least, 1'000'000).description(""));
}

void DeclareLoad(CLI::App& command, bench::LoadOptions& load, std::vector<std::string>& workloads) {
  AddCount(command, "--clients", load.clients, 1, "Requests under way at once");
  AddCount(command, "--connections", load.connections, 1, "Connections they share");
  AddCount(command, "--watchers", load.watchers, 0, "Of the watches; 0: as many as clients");
  command.add_option("--value-size", load.value_size, "Bytes of a value")
      ->capture_default_str()
      ->type_name("BYTES")
      ->check(CLI::Range(16, 1 << 20).description(""));
  command
      .add_option_function<double>(
          "--seconds",
          [&load](const double& seconds) {
            load.duration = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
            load.warmup = std::min(load.warmup, load.duration);
          },
          "How long each measurement takes, after half a second of warming up")
      ->default_str("2")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0).description(""));
  command.add_option("--listed-keys", load.list_keys, "Keys that get and list read")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 1000000).description(""));
  command.add_option("--counted-keys", load.count_keys, "Keys that count and first-page read")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(1, 10000000).description(""));
  AddCount(command, "--read-percent", load.read_percent, 0, "Gets among the requests of mixed")
      ->check(CLI::Range(0, 100).description(""));
  command.add_option("--watch-rate", load.watch_rate, "Writes a second of watch-steady")
      ->capture_default_str()
      ->type_name("RATE")
      ->check(CLI::Range(0.1, 1e6).description(""));
  AddCount(command, "--burst-writes", load.burst_writes, 1,
           "Writes of watch-burst and watch-catch-up");
  command.add_option("--workloads", workloads, "Which to run; all where not given; see bench list")
      ->type_name("NAME,...")
      ->check(CLI::IsMember(WorkloadNames()).description(""))
      ->delimiter(',');
}

void DeclareRun(CLI::App& run, bench::RunOptions& options) {
  run.add_option("--endpoint", options.endpoints,
                 "The server, without TLS; several: servers of one store")
      ->type_name("HOST:PORT,...")
      ->required()
      ->delimiter(',');
  run.add_option("--server-pid", options.processes.servers,
                 "Its process on this machine, to see what it uses; several: of all servers")
      ->type_name("PID,...")
      ->delimiter(',');
  run.add_option("--database-pid", options.processes.database,
                 "The process of the database server below it, on this machine")
      ->type_name("PID");
  run.add_option("--rate", options.load.rate,
                 "Requests a second of the workloads that are no watches, whatever the answers "
                 "take; latency then counts from when a request was due; 0: each client sends its "
                 "next request when it is answered")
      ->capture_default_str()
      ->type_name("RATE")
      ->check(CLI::Range(0.0, 1e7).description(""));
  DeclareLoad(run, options.load, options.workloads);
  run.add_option("--json", options.json, "File to write all results to")->type_name("FILE");
  run.add_option("--html", options.html, "File to write a page with table and plots to")
      ->type_name("FILE");
}

void DeclareCompare(CLI::App& compare, bench::ComparisonOptions& options) {
  DeclareLoad(compare, options.load, options.workloads);
  AddCount(compare, "--rounds", options.rounds, 1, "How often all is done");
  compare.add_flag("--quick", options.quick,
                   "A first picture in about two minutes: one round, SQLite, fewer keys and "
                   "workloads, no scenarios");
  compare.add_option("--kvshim", options.kvshim, "The kvshim program")
      ->default_str("this one")
      ->type_name("PROGRAM");
  compare.add_option("--etcd", options.etcd, "The etcd program")
      ->capture_default_str()
      ->type_name("PROGRAM");
  compare.add_option("--kine", options.kine, "The kine program")
      ->capture_default_str()
      ->type_name("PROGRAM");
  compare
      .add_option("--databases", options.databases,
                  "Under kvshim and kine: sqlite, postgres, mariadb; all that are installed")
      ->type_name("NAME,...")
      ->check(CLI::IsMember({"sqlite", "postgres", "mariadb"}).description(""))
      ->delimiter(',');
  compare
      .add_option("--contenders", options.contenders,
                  "kvshim, etcd, kine, kine-pooled (kine told to open 64 connections to its "
                  "database at most and to keep them); the first three where not given")
      ->type_name("NAME,...")
      ->check(CLI::IsMember({"kvshim", "etcd", "kine", "kine-pooled"}).description(""))
      ->delimiter(',');
  compare
      .add_option("--parts", options.parts,
                  "servers (one beside another), together (several on one database), rates (rate "
                  "against latency), scenarios (cold start, memory, compaction, sizes), limits "
                  "(what network and database can do); all where not given")
      ->type_name("NAME,...")
      ->check(
          CLI::IsMember({"servers", "together", "rates", "scenarios", "limits"}).description(""))
      ->delimiter(',');
  compare
      .add_option("--postgres", options.postgres_dsn,
                  "A PostgreSQL that runs already, in place of one started here")
      ->type_name("DSN");
  compare
      .add_option("--mysql", options.mysql_dsn,
                  "A MariaDB or MySQL that runs already, in place of one started here")
      ->type_name("DSN");
  compare
      .add_option("--data-folder", options.data_folder,
                  "Where all keep their data meanwhile: on a disk")
      ->capture_default_str()
      ->type_name("FOLDER");
  compare.add_option("--output", options.output, "Where to write tables, plots and all results")
      ->capture_default_str()
      ->type_name("FOLDER");
  compare
      .add_option("--readme", options.readme,
                  "Markdown in which what stands between <!-- results --> and <!-- /results --> "
                  "is replaced by the tables")
      ->type_name("FILE");
  compare
      .add_option("--quiet", options.quiet,
                  "Processors that others may keep busy before a measurement is repeated")
      ->capture_default_str()
      ->type_name("COUNT");
  AddCount(compare, "--attempts", options.attempts, 1, "Most repetitions of a measurement");
}

int Fail(const absl::Status& status) {
  std::cerr << "kvshim bench: " << base::FromAbsl(status.message()) << '\n';
  return 1;
}

// Set by SIGINT and SIGTERM.
std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// What --quick changes, where it is not given otherwise.
void MakeQuick(const CLI::App& compare, bench::ComparisonOptions& options) {
  const auto given = [&](const char* flag) { return compare.get_option(flag)->count() > 0; };
  options.quick = true;
  if (!given("--rounds")) options.rounds = 1;
  if (!given("--attempts")) options.attempts = 1;
  if (!given("--seconds")) options.load.duration = std::chrono::milliseconds(1500);
  if (!given("--databases")) options.databases = {"sqlite"};
  if (!given("--counted-keys")) options.load.count_keys = 10'000;
}

int RunCompare(const CLI::App& compare, bench::ComparisonOptions options) {
  std::error_code ignored;
  if (options.quick) MakeQuick(compare, options);
  if (options.kvshim.empty()) {
    options.kvshim = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  }
  const auto comparison = bench::Compare(options, stop);
  if (!comparison.ok()) return Fail(comparison.status());
  std::cout << bench::ToMarkdown(*comparison);
  const absl::Status written = bench::Write(*comparison);
  return written.ok() ? 0 : Fail(written);
}

int RunRun(const bench::RunOptions& options) {
  const auto results = bench::Run(options, stop);
  if (!results.ok()) return Fail(results.status());
  const absl::Status written = bench::Write(*results, options);
  if (!written.ok()) return Fail(written);
  const bool all = std::ranges::all_of(
      *results, [](const bench::NamedResult& one) { return one.result.failure.empty(); });
  return all ? 0 : 1;
}

int PrintList() {
  for (const Workload& workload : Workloads()) {
    std::cout << workload.name << std::string(22 - workload.name.size(), ' ')
              << workload.description << '\n';
  }
  return 0;
}

}  // namespace

void DeclareBenchFlags(CLI::App& command, BenchSettings& settings) {
  command.require_subcommand(1);
  settings.run = command.add_subcommand("run", "Load servers that run already");
  DeclareRun(*settings.run, settings.run_options);
  settings.compare =
      command.add_subcommand("compare", "Start kvshim, etcd and kine, and load them in turns");
  DeclareCompare(*settings.compare, settings.comparison);
  settings.cluster = command.add_subcommand(
      "cluster", "Start kvplane and a kube-apiserver on etcd, and load them in turns");
  DeclareClusterFlags(*settings.cluster, settings.cluster_options);
  settings.echo = command.add_subcommand("echo")->group("");
  settings.echo->add_option("ready-file", settings.echo_ready_file)->required();
  settings.list = command.add_subcommand("list", "Print the workloads");
  command.footer(
      "Exit status: 0 where everything was measured, 1 where something failed.\n"
      "\n"
      "Examples:\n"
      "  kvshim bench run --endpoint 127.0.0.1:2379 --workloads get,guarded-update\n"
      "  kvshim bench run --endpoint 127.0.0.1:2379 --workloads put --rate 2000 --html put.html\n"
      "  kvshim bench compare --quick\n"
      "  kvshim bench cluster --alone");
}

int Bench(const BenchSettings& settings) {
  signal(SIGPIPE, SIG_IGN);
  if (*settings.echo) return Fail(bench::ServeEcho(settings.echo_ready_file));
  for (const int number : {SIGINT, SIGTERM}) signal(number, [](int) { stop = true; });
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  if (*settings.run) return RunRun(settings.run_options);
  if (*settings.compare) return RunCompare(*settings.compare, settings.comparison);
  if (*settings.cluster) return BenchCluster(settings.cluster_options, stop);
  return PrintList();
}

}  // namespace kvshim::cli
