// ConfigFile: settings in a file: names with a value or with a list of values, in the part of YAML
// that is needed for it, or as name = value.
//
//   # of this server
//   token: "s3cret"
//   tls-san: [a.example.org, b.example.org]
//   tls-san:
//     - a.example.org
//     - 'b.example.org'
//   cluster-domain = example.org
//
// Thread safety: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvshim::command {

struct Setting {
  std::string name;
  std::vector<std::string> values;
  int line = 0;
};

// Errors name the line.
absl::StatusOr<std::vector<Setting>> ParseConfigFile(std::string_view text);

}  // namespace kvshim::command
