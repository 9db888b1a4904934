// Writer: answers POST, PUT and PATCH of objects and of their parts.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class Writer {
 public:
  explicit Writer(registry::Registry& registry) : registry_(registry) {}

  absl::StatusOr<Answer> Create(Call& call);
  absl::StatusOr<Answer> Update(Call& call);
  absl::StatusOr<Answer> Patch(Call& call);

 private:
  absl::StatusOr<Answer> Apply(Call& call);

  registry::Registry& registry_;
};

// ?dryRun=All; anything else but nothing is refused.
absl::StatusOr<bool> ReadDryRun(const Call& call);
// ?fieldManager, or the name of the client's program.
std::string ManagerOf(const Call& call);

}  // namespace kvplane::apiserver
