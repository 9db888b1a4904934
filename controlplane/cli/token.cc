#include <iostream>
#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "server/server.h"
#include "subcommands.h"

namespace kvplane::cli {

void DeclareTokenFlags(CLI::App& command, TokenSettings& settings) {
  settings.data_dir = DefaultDataDirectory();
  command.add_option("--data-dir", settings.data_dir, "The data directory of a server")
      ->type_name("PATH")
      ->capture_default_str()
      ->envname("KVPLANE_DATA_DIR");
  command.add_flag("--node", settings.node,
                   "The token of nodes, which lets no server into the cluster");
}

int Token(const TokenSettings& settings) {
  const std::string path = settings.node
                               ? kvshim::base::Concat(settings.data_dir, "/server/node-token")
                               : server::TokenPath(settings.data_dir);
  const absl::StatusOr<std::string> token = kvshim::base::ReadFile(path);
  if (!token.ok()) {
    std::cerr << "kvplane token: " << token.status().message()
              << "\nHas a server run with this --data-dir?\n";
    return 1;
  }
  std::cout << *token;
  return 0;
}

}  // namespace kvplane::cli
