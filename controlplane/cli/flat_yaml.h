// FlatYaml: the part of YAML in which settings are written: names with a value, or with a list of
// values.
//
//   # of this server
//   token: "s3cret"
//   tls-san: [a.example.org, b.example.org]
//   tls-san:
//     - a.example.org
//     - 'b.example.org'
//
// Thread safety: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::cli {

struct Setting {
  std::string name;
  std::vector<std::string> values;
  int line = 0;
};

// Errors name the line.
absl::StatusOr<std::vector<Setting>> ParseFlatYaml(std::string_view text);

}  // namespace kvplane::cli
