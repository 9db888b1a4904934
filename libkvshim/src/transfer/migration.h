// Migrate: moves a store into another one, and proves that it is all there.
//
// Thread safety: one thread at a time; `on_progress` is called on it.
//
//   ASSIGN_OR_RETURN(Migration done, Migrate("sqlite:///old.db", "postgres://db/new", {}));
//   done.digest.Text();
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/database.h"
#include "transfer/digest.h"
#include "transfer/source.h"

namespace kvshim::transfer {

struct Progress {
  enum class Phase { kCopying, kReadingBack };
  Phase phase = Phase::kCopying;
  int64_t rows = 0;  // of `total`
  int64_t total = 0;
  int64_t bytes = 0;  // of the rows' keys and values
};

struct MigrationOptions {
  sql::NetworkOptions network;
  bool full_ttl = false;  // SourceOptions has the meaning
  std::function<void(const Progress&)> on_progress;
  // Called once, when both stores are open: their names, and whether an earlier run is resumed.
  std::function<void(const std::string& from, const std::string& to, bool resumed)> on_begin;
};

// What was moved; the digests of source and target, which are the same.
struct Migration {
  Inventory inventory;
  int64_t bytes = 0;
  Digest source{Digest::Of::kVersions};
  Digest target{Digest::Of::kVersions};
};

// A store that was refused or could not be read or written is left as it is; an unfinished copy is
// completed by the same call. kDataLoss where source and target differ in the end.
absl::StatusOr<Migration> Migrate(const std::string& from, const std::string& to,
                                  const MigrationOptions& options);

// The same from a source that is open.
absl::StatusOr<Migration> Migrate(Source& source, const std::string& to,
                                  const MigrationOptions& options);

}  // namespace kvshim::transfer
