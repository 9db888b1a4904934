// Completion: scripts for shells, made from the subcommands and flags as they are declared.
//
// Thread safety: pure.
#pragma once

#include <string>
#include <string_view>

#include "CLI/CLI.hpp"

namespace kvshim::command {

// `shell`: bash, zsh or fish.
std::string CompletionScript(const CLI::App& app, std::string_view shell);

}  // namespace kvshim::command
