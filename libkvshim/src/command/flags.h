// Flags: the ones that every server of ours has, and flags of the types that they have in common.
//
//   AddDuration(command, "--request-timeout", store.request_timeout, "7s", "How long …");
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "command/quantity.h"

namespace kvshim::command {

// A flag whose text `parse` turns into a value; its error becomes the command line's.
template <typename Parse>
CLI::Option* AddParsed(CLI::App& command, const std::string& name, const std::string& type,
                       const std::string& default_text, const std::string& description,
                       Parse parse) {
  return command
      .add_option_function<std::string>(
          name,
          [name, parse](const std::string& text) {
            if (absl::Status status = parse(text); !status.ok()) {
              throw CLI::ValidationError(name, std::string(status.message()));
            }
          },
          description)
      ->type_name(type)
      ->default_str(default_text);
}

template <typename Duration>
CLI::Option* AddDuration(CLI::App& command, const std::string& name, Duration& target,
                         const std::string& default_text, const std::string& description) {
  return AddParsed(command, name, "DURATION", default_text, description,
                   [&target](const std::string& text) -> absl::Status {
                     auto parsed = ParseDuration(text);
                     if (parsed.ok()) target = std::chrono::duration_cast<Duration>(*parsed);
                     return parsed.status();
                   });
}

template <typename Size>
CLI::Option* AddSize(CLI::App& command, const std::string& name, Size& target,
                     const std::string& default_text, const std::string& description) {
  return AddParsed(command, name, "SIZE", default_text, description,
                   [&target](const std::string& text) -> absl::Status {
                     auto parsed = ParseSize(text);
                     if (parsed.ok()) target = static_cast<Size>(*parsed);
                     return parsed.status();
                   });
}

template <typename Count>
CLI::Option* AddCount(CLI::App& command, const std::string& name, Count& target, int64_t least,
                      int64_t most, const std::string& description) {
  return command.add_option(name, target, description)
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(CLI::Range(least, most).description(""));
}

CLI::Option* AddFile(CLI::App& command, const std::string& name, std::string& target,
                     const std::string& description);

CLI::Option* AddWord(CLI::App& command, const std::string& name, std::string& target,
                     const std::vector<std::string>& words, const std::string& description);

struct LogSettings {
  std::string format = "text";
  std::string level = "info";
};
void DeclareLogFlags(CLI::App& command, LogSettings& settings);
void Apply(const LogSettings& settings);

// The value of a flag that names a file.
struct NamedFile {
  std::string_view flag;
  const std::string& path;
};

// Files of TLS: the certificate and its key belong together, and what is named can be read.
absl::Status CheckTlsFiles(NamedFile authority, NamedFile certificate, NamedFile key);

}  // namespace kvshim::command
