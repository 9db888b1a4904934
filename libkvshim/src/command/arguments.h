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
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace kvshim::command {

inline constexpr char kConfigFile[] = "--config-file";

// Appends a flag for each variable of the environment that begins with `prefix` and names one of
// `command`'s flags, unless it is given on the line. Returns the variables that name none.
std::vector<std::string> AddEnvironment(const CLI::App& command, std::string_view prefix,
                                        std::vector<std::string>& arguments);

// The same for the settings in the file that --config-file among the arguments names. Errors name
// file and line.
absl::Status AddConfigFile(const CLI::App& command, std::vector<std::string>& arguments);

}  // namespace kvshim::command
