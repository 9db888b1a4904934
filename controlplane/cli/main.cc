// kvplane: Kubernetes' API over the SQL database that you have.

#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "arguments.h"
#include "server_settings.h"
#include "subcommands.h"

namespace kvplane::cli {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("kvplane is a Kubernetes control plane over a SQL database.", "kvplane");
  app.require_subcommand(0, 1);
  app.footer(
      "Every flag of server can be given as KVPLANE_FLAG_NAME in the environment and as\n"
      "flag-name: value in --config-file; flags go before the environment, that before the file.\n"
      "\n"
      "Examples:\n"
      "  kvplane server                                 a cluster on SQLite, on port 6443\n"
      "  kubectl --kubeconfig /var/lib/kvplane/kubeconfig.yaml get namespaces\n"
      "  kvplane token                                  what another server joins with\n"
      "  kvplane server --token TOKEN --datastore-endpoint postgres://kv:secret@db/kv");
  app.get_formatter()->column_width(44);

  ServerSettings server_settings;
  CLI::App* server = app.add_subcommand("server", "Serve Kubernetes' API until SIGTERM");
  DeclareServerFlags(*server, server_settings);
  TokenSettings token_settings;
  CLI::App* token = app.add_subcommand("token", "Print the token that others join with");
  DeclareTokenFlags(*token, token_settings);
  CLI::App* version = app.add_subcommand("version", "Print the version");

  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> unknown;
  if (!arguments.empty() && arguments.front() == "server") {
    unknown = AddEnvironment(*server, arguments);
    if (absl::Status status = AddConfigFile(*server, arguments); !status.ok()) {
      std::cerr << "kvplane server: " << status.message() << '\n';
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
    std::cerr << "kvplane: " << variable << " names no flag of server and is ignored\n";
  }
  if (*server) {
    if (absl::Status status = Complete(server_settings); !status.ok()) {
      std::cerr << "kvplane server: " << status.message() << '\n';
      return 2;
    }
    return Server(server_settings);
  }
  if (*token) return Token(token_settings);
  if (*version) return Version();
  std::cout << app.help();
  return 0;
}

}  // namespace
}  // namespace kvplane::cli

int main(int argc, char** argv) { return kvplane::cli::Run(argc, argv); }
