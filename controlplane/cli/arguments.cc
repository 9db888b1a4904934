#include "arguments.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "cluster/private_file.h"
#include "flat_yaml.h"

namespace kvplane::cli {
namespace {

using kvshim::base::Concat;

constexpr std::string_view kPrefix = "KVPLANE_";
constexpr std::string_view kConfigFile = "--config-file";

bool IsGiven(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == flag || argument.starts_with(flag + "=");
  });
}

bool IsKnown(const CLI::App& command, const std::string& flag) {
  return command.get_option_no_throw(flag) != nullptr;
}

// The value of a flag among the arguments; the last one counts.
std::string ValueOf(const std::vector<std::string>& arguments, std::string_view flag) {
  std::string value;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with(flag) && argument.substr(flag.size()).starts_with('=')) {
      value = argument.substr(flag.size() + 1);
    }
    if (argument == flag && i + 1 < arguments.size()) value = arguments[i + 1];
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

std::vector<std::string> AddEnvironment(const CLI::App& command,
                                        std::vector<std::string>& arguments) {
  std::vector<std::string> unknown;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos || !variable.starts_with(kPrefix)) continue;
    const std::string flag = FlagOf(variable.substr(kPrefix.size(), equals - kPrefix.size()));
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
  const absl::StatusOr<std::string> text = cluster::ReadPrivateFile(path);
  if (!text.ok()) return wrong(kvshim::base::FromAbsl(text.status().message()));
  const absl::StatusOr<std::vector<Setting>> settings = ParseFlatYaml(*text);
  if (!settings.ok()) return wrong(kvshim::base::FromAbsl(settings.status().message()));
  const std::vector<std::string> before = arguments;
  for (const Setting& setting : *settings) {
    const std::string flag = "--" + setting.name;
    if (!IsKnown(command, flag) || flag == kConfigFile) {
      return wrong(Concat("line ", setting.line, ": ", setting.name,
                          " is no setting; see kvplane server --help"));
    }
    if (IsGiven(before, flag)) continue;
    std::string value;
    for (const std::string& one : setting.values) value += (value.empty() ? "" : ",") + one;
    arguments.push_back(Concat(flag, "=", value));
  }
  return absl::OkStatus();
}

}  // namespace kvplane::cli
