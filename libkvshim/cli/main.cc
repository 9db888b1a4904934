// kvshim: etcd's API over the SQL database that you have.

#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "settings.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("kvshim serves etcd's v3 API over a SQL database.", "kvshim");
  app.require_subcommand(0, 1);
  app.footer(
      "Every flag of serve can be given as KVSHIM_FLAG_NAME in the environment and as\n"
      "flag-name = value in --config-file; flags go before the environment, that before the file.\n"
      "\n"
      "Examples:\n"
      "  kvshim serve                                     serve ./db/state.db on port 2379\n"
      "  kvshim serve --endpoint sqlite:///var/lib/kvshim/state.db --listen-address "
      "127.0.0.1:2379\n"
      "  kvshim status                                    what a running server is doing\n"
      "  kvshim check --endpoint sqlite://./db/state.db   verify the file of a stopped server\n"
      "  kvshim migrate --from sqlite://./db/state.db --to postgres://kv:secret@db/kv\n"
      "  kvshim snapshot save backup.db --endpoint http://127.0.0.1:2379");
  app.get_formatter()->column_width(44);

  ServeSettings serve_settings;
  CLI::App* serve = app.add_subcommand("serve", "Serve etcd's API until SIGTERM");
  DeclareServeFlags(*serve, serve_settings);
  StatusSettings status_settings;
  CLI::App* status = app.add_subcommand("status", "Show what a running server is doing");
  DeclareStatusFlags(*status, status_settings);
  CheckSettings check_settings;
  CLI::App* check = app.add_subcommand("check", "Verify a database that no server has open");
  DeclareCheckFlags(*check, check_settings);
  MigrateSettings migrate_settings;
  CLI::App* migrate = app.add_subcommand("migrate", "Move a store into another database or etcd");
  DeclareMigrateFlags(*migrate, migrate_settings);
  SnapshotSettings snapshot_settings;
  CLI::App* snapshot = app.add_subcommand("snapshot", "Save and restore stores as files");
  DeclareSnapshotFlags(*snapshot, snapshot_settings);
#ifdef KVSHIM_BENCH
  BenchSettings bench_settings;
  CLI::App* bench = app.add_subcommand("bench", "Load servers of etcd's API, and compare them");
  DeclareBenchFlags(*bench, bench_settings);
#endif
  CLI::App* version = app.add_subcommand("version", "Print the version");

  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> unknown;
  if (!arguments.empty() && arguments.front() == "serve") {
    unknown = AddEnvironment(*serve, arguments);
    if (absl::Status status = AddConfigFile(*serve, arguments); !status.ok()) {
      std::cerr << "kvshim serve: " << status.message() << '\n';
      return 2;
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    // Help asked for is no error; all else is 2, as command lines have it.
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string& variable : unknown) {
    std::cerr << "kvshim: " << variable << " names no flag of serve and is ignored\n";
  }
  if (*serve) return Serve(serve_settings);
  if (*status) return Status(status_settings);
  if (*check) return Check(check_settings);
  if (*migrate) return Migrate(migrate_settings);
  if (*snapshot) return Snapshot(snapshot_settings);
#ifdef KVSHIM_BENCH
  if (*bench) return Bench(bench_settings);
#endif
  if (*version) return Version();
  std::cout << app.help();
  return 0;
}

}  // namespace
}  // namespace kvshim::cli

int main(int argc, char** argv) { return kvshim::cli::Run(argc, argv); }
