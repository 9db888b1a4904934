// ManualPage: the page of man(1) of a program, made from its subcommands and flags.
//
// Thread safety: pure.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

namespace kvshim::command {

// `prefix`: of the variables of the environment.
std::string ManualPage(const CLI::App& app, const std::string& prefix);

}  // namespace kvshim::command
