#include <iostream>

#include "subcommands.h"

namespace kvshim::cli {

void DeclareStatusFlags(CLI::App& command, StatusSettings& settings) {
  command.add_option("--address", settings.address,
                     "Where the server's HTTP pages are: host:port of --metrics-bind-address or of "
                     "a plain --listen-address, or unix://PATH")
      ->capture_default_str()
      ->envname("KVSHIM_STATUS_ADDRESS");
}

int Status(const StatusSettings& settings) {
  std::cerr << settings.address << '\n';
  return 1;
}

}  // namespace kvshim::cli
