// Deleter: answers DELETE of one object and of a collection.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "apiserver/list_options.h"
#include "apiserver/reader.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class Deleter {
 public:
  Deleter(registry::Registry& registry, Reader& reader) : registry_(registry), reader_(reader) {}

  absl::StatusOr<Answer> Delete(Call& call);
  // Answers what was there as a list.
  absl::StatusOr<Answer> DeleteCollection(Call& call, const ListOptions& options);

 private:
  registry::Registry& registry_;
  Reader& reader_;
};

}  // namespace kvplane::apiserver
