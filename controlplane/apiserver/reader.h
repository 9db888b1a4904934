// Reader: answers GET of one object and of lists.
//
// Lists come from the watch cache, at a revision that the store was at when they were asked for (or
// any, or an older one, as they say); pages that go on, and lists of an exact revision, from the
// store's history.
//
// Thread safety: every method may be called from any thread that may wait.
#pragma once

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "apiserver/list_options.h"
#include "registry/registry.h"

namespace kvplane::apiserver {

class Reader {
 public:
  explicit Reader(registry::Registry& registry) : registry_(registry) {}

  absl::StatusOr<Answer> Get(const Call& call);
  absl::StatusOr<Answer> List(const Call& call, const ListOptions& options);

  struct Selected {
    std::vector<registry::StoredObjectPtr> objects;
    int64_t revision = 0;
    std::string next_key;   // empty: that was all
    int64_t remaining = 0;  // known where everything is selected
  };
  absl::StatusOr<Selected> Select(const Call& call, const ListOptions& options);

 private:
  absl::StatusOr<Selected> GoOn(const Call& call, const ListOptions& options);
  absl::StatusOr<Selected> FromCache(const Call& call, const ListOptions& options);
  absl::StatusOr<Selected> FromHistory(const Call& call, const ListOptions& options,
                                       int64_t revision, std::string key);

  registry::Registry& registry_;
};

}  // namespace kvplane::apiserver
