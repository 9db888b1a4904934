// The subcommands of kvshim. Each declares its flags on its own CLI::App and returns the exit
// status: 0, 1 where the work failed, 2 for a command line that cannot be.
#pragma once

#include <atomic>
#include <string>

#include "CLI/CLI.hpp"
#include "settings.h"
#ifdef KVSHIM_BENCH
#include "bench/cluster/cluster_comparison.h"
#include "bench/load/comparison.h"
#include "bench/load/run.h"
#endif

namespace kvshim::cli {

// Serves until SIGTERM or SIGINT.
int Serve(const ServeSettings& settings);

struct StatusSettings {
  std::string address = "127.0.0.1:8080";
};
void DeclareStatusFlags(CLI::App& command, StatusSettings& settings);
int Status(const StatusSettings& settings);

struct CheckSettings {
  std::string endpoint = "sqlite://./db/state.db";
};
void DeclareCheckFlags(CLI::App& command, CheckSettings& settings);
int Check(const CheckSettings& settings);

// TLS towards databases and etcds.
struct NetworkSettings {
  std::string ca_file, cert_file, key_file;
  bool skip_verify = false;
};

struct MigrateSettings {
  std::string from, to;
  bool full_ttl = false;
  NetworkSettings network;
};
void DeclareMigrateFlags(CLI::App& command, MigrateSettings& settings);
int Migrate(const MigrateSettings& settings);

struct SnapshotSettings {
  std::string file;
  std::string endpoint = "sqlite://./db/state.db";
  std::string to;
  std::string format = "text";
  NetworkSettings network;
  CLI::App* save = nullptr;  // which of them was called is asked of these
  CLI::App* restore = nullptr;
  CLI::App* status = nullptr;
};
void DeclareSnapshotFlags(CLI::App& command, SnapshotSettings& settings);
int Snapshot(const SnapshotSettings& settings);

#ifdef KVSHIM_BENCH
struct BenchSettings {
  bench::RunOptions run_options;
  bench::ComparisonOptions comparison;
  bench::ClusterOptions cluster_options;
  CLI::App* run = nullptr;  // which of them was called is asked of these
  CLI::App* compare = nullptr;
  CLI::App* cluster = nullptr;
  CLI::App* list = nullptr;
  CLI::App* echo = nullptr;  // what compare starts to measure the network
  std::string echo_ready_file;
};
void DeclareBenchFlags(CLI::App& command, BenchSettings& settings);
int Bench(const BenchSettings& settings);
void DeclareClusterFlags(CLI::App& command, bench::ClusterOptions& options);
int BenchCluster(bench::ClusterOptions options, const std::atomic<bool>& stop);
#endif

int Version();

}  // namespace kvshim::cli
