// Converter: what makes objects of a custom kind those of another version, where a webhook says how
// they differ.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/json.h"
#include "kinds/definition.h"

namespace kvplane::registry {

class Converter {
 public:
  virtual ~Converter() = default;

  // Makes each object one of `group_version`; those that are already stay as they are. All of them,
  // or a failure that says why not.
  virtual absl::Status Convert(const kinds::Definition& definition,
                               const std::string& group_version,
                               std::vector<api::json::Object>& objects) = 0;
};

}  // namespace kvplane::registry
