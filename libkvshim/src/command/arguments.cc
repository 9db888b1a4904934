#include "command/arguments.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "command/config_file.h"

namespace kvshim::command {
namespace {

using base::Concat;

bool IsGiven(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == flag || argument.starts_with(flag + "=");
  });
}

bool IsKnown(const CLI::App& command, const std::string& flag) {
  return command.get_option_no_throw(flag) != nullptr;
}

// The value of a flag among the arguments; the last one counts.
std::string ValueOf(const std::vector<std::string>& arguments, const std::string& flag) {
  std::string value;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(flag + "=")) value = arguments[i].substr(flag.size() + 1);
    if (arguments[i] == flag && i + 1 < arguments.size()) value = arguments[i + 1];
  }
  return value;
}

std::string FlagOf(std::string_view variable) {
  std::string flag = "--";
  for (const char c : variable) {
    flag += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return flag;
}

}  // namespace

std::vector<std::string> AddEnvironment(const CLI::App& command, std::string_view prefix,
                                        std::vector<std::string>& arguments) {
  std::vector<std::string> unknown;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos || !variable.starts_with(prefix)) continue;
    const std::string flag = FlagOf(variable.substr(prefix.size(), equals - prefix.size()));
    if (!IsKnown(command, flag)) {
      unknown.emplace_back(variable.substr(0, equals));
      continue;
    }
    const std::string_view value = variable.substr(equals + 1);
    if (!IsGiven(arguments, flag) && !value.empty()) arguments.push_back(Concat(flag, "=", value));
  }
  return unknown;
}

absl::Status AddConfigFile(const CLI::App& command, std::vector<std::string>& arguments) {
  const std::string path = ValueOf(arguments, kConfigFile);
  if (path.empty()) return absl::OkStatus();
  const auto wrong = [&path](std::string_view what) {
    return absl::InvalidArgumentError(Concat(kConfigFile, ": ", path, ": ", what));
  };
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        Concat(kConfigFile, ": ", base::FromAbsl(text.status().message())));
  }
  const absl::StatusOr<std::vector<Setting>> settings = ParseConfigFile(*text);
  if (!settings.ok()) return wrong(base::FromAbsl(settings.status().message()));
  const std::vector<std::string> before = arguments;
  for (const Setting& setting : *settings) {
    const std::string flag = "--" + setting.name;
    if (!IsKnown(command, flag) || flag == kConfigFile) {
      return wrong(Concat("line ", setting.line, ": ", setting.name, " is no setting; see ",
                          command.get_parent()->get_name(), " ", command.get_name(), " --help"));
    }
    if (IsGiven(before, flag)) continue;
    arguments.push_back(Concat(flag, "=", base::Join(setting.values, ",")));
  }
  return absl::OkStatus();
}

}  // namespace kvshim::command
