#include "command/flags.h"

#include <unistd.h>

#include "base/logger.h"
#include "base/strings.h"

namespace kvshim::command {

CLI::Option* AddFile(CLI::App& command, const std::string& name, std::string& target,
                     const std::string& description) {
  return command.add_option(name, target, description)->type_name("FILE");
}

CLI::Option* AddWord(CLI::App& command, const std::string& name, std::string& target,
                     const std::vector<std::string>& words, const std::string& description) {
  return command.add_option(name, target, description)
      ->capture_default_str()
      ->type_name("WORD")
      ->check(CLI::IsMember(words).description(""));
}

void DeclareLogFlags(CLI::App& command, LogSettings& settings) {
  AddWord(command, "--log-format", settings.format, {"text", "plain", "json"},
          "text or json (plain is text)");
  AddWord(command, "--log-level", settings.level, {"debug", "info", "warn", "error"},
          "debug, info, warn or error");
  command.add_flag_callback(
      "--debug", [&settings] { settings.level = "debug"; }, "The same as --log-level debug");
}

void Apply(const LogSettings& settings) {
  base::SetLogFormat(settings.format == "json" ? base::LogFormat::kJson : base::LogFormat::kText);
  base::SetLogLevel(*base::ParseLevel(settings.level));
}

absl::Status CheckTlsFiles(NamedFile authority, NamedFile certificate, NamedFile key) {
  if (certificate.path.empty() != key.path.empty()) {
    return absl::InvalidArgumentError(
        base::Concat(certificate.flag, " and ", key.flag, " belong together: give both or none"));
  }
  for (const NamedFile& file : {authority, certificate, key}) {
    if (!file.path.empty() && access(file.path.c_str(), R_OK) != 0) {
      return absl::InvalidArgumentError(base::Concat(file.flag, ": cannot read ", file.path,
                                                     "; does it exist, with leave to read it?"));
    }
  }
  return absl::OkStatus();
}

}  // namespace kvshim::command
