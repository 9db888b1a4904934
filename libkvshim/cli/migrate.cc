#include <iostream>

#include "moving.h"
#include "subcommands.h"
#include "transfer/migration.h"

namespace kvshim::cli {

void DeclareMigrateFlags(CLI::App& command, MigrateSettings& settings) {
  command
      .add_option("--from", settings.from,
                  "What to move: a database of kvshim or of kine (sqlite://PATH, postgres://…, "
                  "mysql://…), or a live etcd (http://HOST:PORT)")
      ->type_name("DSN")
      ->required();
  command
      .add_option("--to", settings.to,
                  "Where to: a new database (sqlite://PATH, postgres://…, mysql://…), or an empty "
                  "live etcd (http://HOST:PORT)")
      ->type_name("DSN")
      ->required();
  command.add_flag("--full-ttl", settings.full_ttl,
                   "Leases of a live etcd begin anew with all the time that was granted, not with "
                   "what is left of it");
  DeclareNetworkFlags(command, settings.network);
  command.footer(
      "Nothing is written to the source. Stop its writers first: what they write after the move "
      "has\n"
      "begun does not come along. A move that was ended is completed by the same command.\n"
      "Exit status: 0 where everything was moved and compared equal, 1 where not.");
}

int Migrate(const MigrateSettings& settings) {
  const auto done = transfer::Migrate(settings.from, settings.to,
                                      ShowingProgress(settings.network, settings.full_ttl));
  if (!done.ok()) {
    std::cerr << "kvshim migrate: " << done.status().message() << std::endl;
    return 1;
  }
  Print(*done);
  return 0;
}

}  // namespace kvshim::cli
