// The subcommands of kvplane. Each declares its flags on its own CLI::App and returns the exit
// status: 0, 1 where the work failed, 2 for a command line that cannot be.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "server_settings.h"

namespace kvplane::cli {

// Serves until SIGTERM or SIGINT.
int Server(const ServerSettings& settings);

struct TokenSettings {
  std::string data_dir;
  bool node = false;
};
void DeclareTokenFlags(CLI::App& command, TokenSettings& settings);
int Token(const TokenSettings& settings);

struct SecretsEncryptSettings {
  std::string data_dir;
  std::string kubeconfig;
};
void DeclareSecretsEncryptFlags(CLI::App& command, SecretsEncryptSettings& settings);
int SecretsEncrypt(const CLI::App& command, const SecretsEncryptSettings& settings);

int Version();

}  // namespace kvplane::cli
