// Arguments: what stands in the environment and in a config file, as if it stood on the command
// line. Flags there go before the environment, that before the file.
//
//   KVPLANE_CLUSTER_DOMAIN=example.org     --cluster-domain=example.org
//
//   tls-san:                               --tls-san=a.example.org,b.example.org
//     - a.example.org
//     - b.example.org
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace kvplane::cli {

// Returns the KVPLANE_* variables that name none of `command`'s flags.
std::vector<std::string> AddEnvironment(const CLI::App& command,
                                        std::vector<std::string>& arguments);

// The settings in the file that --config-file among the arguments names. Errors name file and line.
absl::Status AddConfigFile(const CLI::App& command, std::vector<std::string>& arguments);

}  // namespace kvplane::cli
