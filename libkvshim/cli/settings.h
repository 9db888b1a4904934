// ServeSettings: everything `kvshim serve` can be told, from flags, KVSHIM_* variables and a
// config file, in that order of precedence.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "command/flags.h"
#include "kvshim/options.h"
#include "kvshim/server.h"

namespace kvshim::cli {

struct ServeSettings {
  std::string endpoint = "sqlite://./db/state.db";
  StoreOptions store;
  ServerOptions server;
  command::LogSettings log;
  std::string ready_file;
};

// Declares the flags of `serve` on `command`; they write into `settings` when the line is parsed.
void DeclareServeFlags(CLI::App& command, ServeSettings& settings);

// What no single flag can see: pairs that belong together, values that exclude each other.
absl::Status Validate(const ServeSettings& settings);

}  // namespace kvshim::cli
