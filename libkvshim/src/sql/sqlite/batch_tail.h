// BatchTail: where the chain ends, and which of its batches are not in kv_batch yet.
//
// The newest page of kv_batch would be written with every commit, for a record of a hundred bytes.
// So the record of a batch that has rows goes into the last of them, which is written anyway, and
// into kv_batch together with others, once there are many.
//
// Invariant: kv_batch holds the chain up to some batch; every batch after that one has rows, and
// the last of them holds its record. Therefore a batch without rows goes into kv_batch, with all
// before it, and so do those of which rows are to be deleted, before these are.
//
// Thread safety: that of the connection that writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sql/database.h"
#include "sql/sqlite/connection.h"

namespace kvshim::sql::sqlite {

class BatchTail {
 public:
  // How a batch goes into the file.
  struct Place {
    std::string record;
    bool in_rows = false;  // else in kv_batch, together with all before it
  };

  // As the file has it.
  absl::Status Read(Connection& connection);

  // Valid until the next batch. The process has the file alone, so that nothing but Added moves it.
  const BatchRecord& head() const { return head_; }

  // kConflict where `request` does not follow the head.
  absl::Status CheckFollows(const AppendRequest& request, const std::string& path) const;

  // Whether rows up to `revision` may be deleted before Settle.
  bool Covers(int64_t revision) const { return revision <= settled_revision_; }

  // In a transaction, all that stand in rows go into kv_batch; Settled once it was committed.
  absl::Status Settle(Connection& connection) const;
  void Settled();

  // In a transaction: writes what of the batch goes into kv_batch. Added once it was committed.
  absl::StatusOr<Place> Add(Connection& connection, const AppendRequest& request) const;
  void Added(Place place);

 private:
  std::string newest_;  // that head_ points into
  BatchRecord head_;
  int64_t settled_revision_ = 0;
  std::vector<std::string> in_rows_;  // ascending
};

}  // namespace kvshim::sql::sqlite
