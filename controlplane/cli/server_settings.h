// ServerSettings: everything `kvplane server` can be told, from flags, KVPLANE_* variables and a
// config file, in that order of precedence.
#pragma once

#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "command/flags.h"
#include "kvshim/options.h"
#include "server/server.h"

namespace kvplane::cli {

struct ServerSettings {
  std::string datastore_endpoint;  // empty: SQLite in the data directory
  std::string token_file;
  kvshim::StoreOptions store;
  server::ServerOptions server;
  kvshim::command::LogSettings log;
  std::string ready_file;
};

// An etcd that runs elsewhere, by the URLs of its servers; else a database.
bool IsEtcd(std::string_view endpoint);

// /var/lib/kvplane for root, ~/.kvplane for everybody else.
std::string DefaultDataDirectory();

// Declares the flags of `server` on `command`; they write into `settings` when the line is parsed.
void DeclareServerFlags(CLI::App& command, ServerSettings& settings);

// Fills in what follows from other settings, and reads the token's file. Errors name the flag.
absl::Status Complete(ServerSettings& settings);

}  // namespace kvplane::cli
