// Program: what happens to a command line between main and the subcommand that was called. It adds
// the subcommands `completion SHELL` and `man`, which are made from the flags as they are declared.
//
//   Program program(app, "KVSHIM_");
//   program.Configure(*serve);                   // its flags may stand in the environment too
//   if (std::optional<int> over = program.Parse(argc, argv)) return *over;
//   if (*serve) return Serve(settings);
#pragma once

#include <optional>
#include <string>

#include "CLI/CLI.hpp"

namespace kvshim::command {

class Program {
 public:
  // `prefix`: of the variables of the environment. `app` outlives the program.
  Program(CLI::App& app, std::string prefix);

  // The one subcommand that reads the environment and --config-file, which it is given here.
  void Configure(CLI::App& subcommand);

  // The exit status where nothing is left to do: help, completions, a line that cannot be (2).
  std::optional<int> Parse(int argc, char** argv);

 private:
  void AddOwn();  // last in the list

  CLI::App& app_;
  const std::string prefix_;
  CLI::App* configured_ = nullptr;
  CLI::App* completion_ = nullptr;
  CLI::App* manual_ = nullptr;
  std::string shell_;
};

}  // namespace kvshim::command
