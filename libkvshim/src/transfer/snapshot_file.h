// Snapshots as files: SQLite databases of kvshim, whatever database they were taken of. One that
// etcdctl saved, with the SHA-256 that ends the stream still behind it, is read too.
//
// A file gets its name when it is whole and on the device; until then it is FILE.part.
//
// Thread safety: pure functions.
//
//   RETURN_IF_ERROR(SaveSnapshot("http://127.0.0.1:2379", "backup.db", {}));
//   ASSIGN_OR_RETURN(SnapshotInfo info, InspectSnapshot("backup.db"));
//   RETURN_IF_ERROR(RestoreSnapshot("backup.db", "postgres://…", {}).status());
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "transfer/migration.h"

namespace kvshim::transfer {

struct SnapshotInfo {
  std::string digest;  // of all versions: the same for every copy of the same contents
  int64_t revision = 0;
  int64_t compact_revision = 0;
  int64_t keys = 0;      // that live
  int64_t versions = 0;  // of all keys
  int64_t leases = 0;
  int64_t bytes = 0;  // of the file
};

// `endpoint`: a database, which no server needs to have open, or the URL of a running server, whose
// own copy is taken. From an etcd, which gives none of this kind, the keys are read one by one.
absl::Status SaveSnapshot(const std::string& endpoint, const std::string& file,
                          const MigrationOptions& options);

// Into a new database, or an empty etcd. The file is left as it is.
absl::StatusOr<Migration> RestoreSnapshot(const std::string& file, const std::string& to,
                                          const MigrationOptions& options);

absl::StatusOr<SnapshotInfo> InspectSnapshot(const std::string& file);

}  // namespace kvshim::transfer
