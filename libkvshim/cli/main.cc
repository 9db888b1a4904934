// kvshim: etcd's API over the SQL database that you have.

#include <optional>

#include "CLI/CLI.hpp"
#include "command/program.h"
#include "settings.h"
#include "subcommands.h"

namespace kvshim::cli {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("kvshim serves etcd's v3 API over a SQL database.", "kvshim");
  app.footer(
      "Every flag of serve can be given as KVSHIM_FLAG_NAME in the environment and as\n"
      "flag-name: value in --config-file; flags go before the environment, that before the file.\n"
      "\n"
      "Examples:\n"
      "  kvshim serve                                     serve ./db/state.db on port 2379\n"
      "  kvshim serve --endpoint sqlite:///var/lib/kvshim/state.db --listen-address "
      "127.0.0.1:2379\n"
      "  kvshim status                                    what a running server is doing\n"
      "  kvshim check --endpoint sqlite://./db/state.db   verify the file of a stopped server\n"
      "  kvshim migrate --from sqlite://./db/state.db --to postgres://kv:secret@db/kv\n"
      "  kvshim snapshot save backup.db --endpoint http://127.0.0.1:2379");
  command::Program program(app, "KVSHIM_");

  ServeSettings serve_settings;
  CLI::App* serve = app.add_subcommand("serve", "Serve etcd's API until SIGTERM");
  program.Configure(*serve);
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
  app.add_subcommand("version", "Print the version");

  if (const std::optional<int> over = program.Parse(argc, argv)) return *over;
  if (*serve) return Serve(serve_settings);
  if (*status) return Status(status_settings);
  if (*check) return Check(check_settings);
  if (*migrate) return Migrate(migrate_settings);
  if (*snapshot) return Snapshot(snapshot_settings);
#ifdef KVSHIM_BENCH
  if (*bench) return Bench(bench_settings);
#endif
  return Version();
}

}  // namespace
}  // namespace kvshim::cli

int main(int argc, char** argv) { return kvshim::cli::Run(argc, argv); }
