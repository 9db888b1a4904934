// Contents: everything of a log that can still be seen: the rows above the compact revision, below
// it the newest version of each key that lives, and the leases. What compaction has made
// unreachable does not belong to it, whether it is deleted already or not, so that two databases
// with the same history have the same contents.
//
// Thread safety: a value; Visit from one thread at a time.
//
//   ASSIGN_OR_RETURN(Contents contents, Contents::Read(database, Contents::Of::kStore));
//   RETURN_IF_ERROR(contents.Visit(database, [&](const KeyValue& row) { ... }));
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/key_value.h"
#include "log/head.h"
#include "log/op.h"
#include "sql/database.h"

namespace kvshim::log {

class Contents {
 public:
  // An import that has not ended is read only where it is asked for.
  enum class Of { kStore, kImport };
  // Everything, or only the newest version of each key that lives.
  enum class Rows { kReachable, kLiving };

  // Which rows there are, in one snapshot; kCorrupt where revisions are missing. Holds 24 bytes a
  // row, and while it reads, each living key.
  static absl::StatusOr<Contents> Read(sql::Database& database, Of what,
                                       Rows rows = Rows::kReachable);

  const Head& head() const { return head_; }
  const std::vector<LeaseGrant>& leases() const { return leases_; }  // by their ids
  int64_t rows() const { return static_cast<int64_t>(rows_.size()); }
  int64_t keys() const { return keys_; }    // that live at the newest revision
  int64_t bytes() const { return bytes_; }  // of keys and values

  // Fetches the rows, ascending, a few megabytes at a time, until `visit` returns an error.
  // kConflict where compaction has deleted one since Read: then begin anew.
  absl::Status Visit(sql::Database& database,
                     const std::function<absl::Status(const KeyValue&)>& visit) const;

 private:
  class Reader;
  struct Row {
    sql::RowId id;
    uint32_t bytes = 0;
    bool dead = false;
  };

  Head head_;
  std::vector<LeaseGrant> leases_;
  std::vector<Row> rows_;
  int64_t keys_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace kvshim::log
