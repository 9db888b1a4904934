#include "command/program.h"

#include <iostream>
#include <utility>
#include <vector>

#include "command/arguments.h"
#include "command/completion.h"
#include "command/manual.h"

namespace kvshim::command {

Program::Program(CLI::App& app, std::string prefix) : app_(app), prefix_(std::move(prefix)) {
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(44);
}

void Program::Configure(CLI::App& subcommand) {
  configured_ = &subcommand;
  subcommand
      .add_option(kConfigFile, "File of these settings, as lines name: value or name = value")
      ->type_name("FILE");
}

void Program::AddOwn() {
  completion_ = app_.add_subcommand("completion", "Print what completes these words in a shell");
  completion_->add_option("SHELL", shell_, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  completion_->footer("Examples:\n  source <(" + app_.get_name() + " completion bash)\n  " +
                      app_.get_name() + " completion fish | source");
  manual_ = app_.add_subcommand("man", "Print the manual page; man -l shows it");
}

std::optional<int> Program::Parse(int argc, char** argv) {
  AddOwn();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> unknown;
  if (configured_ != nullptr && !arguments.empty() &&
      arguments.front() == configured_->get_name()) {
    unknown = AddEnvironment(*configured_, prefix_, arguments);
    if (absl::Status status = AddConfigFile(*configured_, arguments); !status.ok()) {
      std::cerr << app_.get_name() << ' ' << configured_->get_name() << ": " << status.message()
                << '\n';
      return 2;
    }
  }
  try {
    app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    // Help asked for is no error; all else is 2, as command lines have it.
    return app_.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string& variable : unknown) {
    std::cerr << app_.get_name() << ": " << variable << " names no flag of "
              << configured_->get_name() << " and is ignored\n";
  }
  if (*completion_) {
    std::cout << CompletionScript(app_, shell_);
    return 0;
  }
  if (*manual_) {
    std::cout << ManualPage(app_, prefix_);
    return 0;
  }
  if (!app_.get_subcommands().empty()) return std::nullopt;
  std::cout << app_.help();
  return 0;
}

}  // namespace kvshim::command
