// ServeSettings: everything `kvshim serve` can be told, from flags, KVSHIM_* variables and a
// config file, in that order of precedence.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "kvshim/options.h"
#include "kvshim/server.h"

namespace kvshim::cli {

struct ServeSettings {
  std::string endpoint = "sqlite://./db/state.db";
  StoreOptions store;
  ServerOptions server;
  std::string log_format = "text";
  std::string log_level = "info";
  std::string ready_file;
};

// Declares the flags of `serve` on `command`; they write into `settings` when the line is parsed.
void DeclareServeFlags(CLI::App& command, ServeSettings& settings);

// What no single flag can see: pairs that belong together, values that exclude each other.
absl::Status Validate(const ServeSettings& settings);

// Appends to `arguments` a flag for each KVSHIM_* variable of the environment that names one of
// `command`'s flags and is not given on the line already. Returns the variables that name none.
std::vector<std::string> AddEnvironment(const CLI::App& command,
                                        std::vector<std::string>& arguments);

// The same for the settings in the file that --config-file among the arguments names.
absl::Status AddConfigFile(const CLI::App& command, std::vector<std::string>& arguments);

}  // namespace kvshim::cli
