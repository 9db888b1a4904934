// ListOptions: which objects a list or watch asks for, and as of when.
//
// Thread safety: a value.
//
//   ASSIGN_OR_RETURN(ListOptions options, ListOptions::Read(call));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/call.h"
#include "registry/selection.h"

namespace kvplane::apiserver {

enum class Match { kUnset, kExact, kNotOlderThan };

// Of a token that goes on with a list whose own revision is gone.
inline constexpr int64_t kAnyRevision = -1;

struct ListOptions {
  registry::Selection selection;
  std::optional<int64_t> revision;  // nothing: the newest
  Match match = Match::kUnset;
  int64_t limit = 0;  // 0: all
  // From a continue token: the revision and the key to go on with; kAnyRevision: the newest.
  int64_t continue_revision = 0;
  std::string continue_key;
  bool watch = false;
  bool bookmarks = false;
  std::optional<bool> initial_events;
  int64_t timeout_seconds = 0;

  static absl::StatusOr<ListOptions> Read(const Call& call);
};

// An opaque token; `key` is the first of the next page.
std::string ContinueToken(int64_t revision, std::string_view key);

}  // namespace kvplane::apiserver
