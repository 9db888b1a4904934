// kvplane: Kubernetes' API over the SQL database that you have.

#include <iostream>
#include <optional>

#include "CLI/CLI.hpp"
#include "command/program.h"
#include "server_settings.h"
#include "subcommands.h"

namespace kvplane::cli {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("kvplane serves Kubernetes' API over a SQL database or an etcd.", "kvplane");
  app.footer(
      "Every flag of server can be given as KVPLANE_FLAG_NAME in the environment and as\n"
      "flag-name: value in --config-file; flags go before the environment, that before the file.\n"
      "\n"
      "Examples:\n"
      "  kvplane server                                 a cluster on SQLite, on port 6443\n"
      "  kubectl --kubeconfig /var/lib/kvplane/kubeconfig.yaml get namespaces\n"
      "  kvplane token                                  what another server joins with\n"
      "  kvplane server --token TOKEN --datastore-endpoint postgres://kv:secret@db/kv");
  kvshim::command::Program program(app, "KVPLANE_");

  ServerSettings server_settings;
  CLI::App* server = app.add_subcommand("server", "Serve Kubernetes' API until SIGTERM");
  program.Configure(*server);
  DeclareServerFlags(*server, server_settings);
  TokenSettings token_settings;
  CLI::App* token = app.add_subcommand("token", "Print the token that others join with");
  DeclareTokenFlags(*token, token_settings);
  SecretsEncryptSettings encrypt_settings;
  CLI::App* encrypt =
      app.add_subcommand("secrets-encrypt", "Show and change how secrets are stored");
  DeclareSecretsEncryptFlags(*encrypt, encrypt_settings);
  app.add_subcommand("version", "Print the version");

  if (const std::optional<int> over = program.Parse(argc, argv)) return *over;
  if (*server) {
    if (absl::Status status = Complete(server_settings); !status.ok()) {
      std::cerr << "kvplane server: " << status.message() << '\n';
      return 2;
    }
    return Server(server_settings);
  }
  if (*token) return Token(token_settings);
  if (*encrypt) return SecretsEncrypt(*encrypt, encrypt_settings);
  return Version();
}

}  // namespace
}  // namespace kvplane::cli

int main(int argc, char** argv) { return kvplane::cli::Run(argc, argv); }
