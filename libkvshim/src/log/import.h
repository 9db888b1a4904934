// Importer: fills a new database with the contents of another store, keeping its revisions.
//
// A log is dense above its floor of deletion and may have any holes below it. So the rows up to the
// compact revision go in as batches that each raise the floor to their own last revision: whatever
// the rows leave out counts as compacted away. The rows above it go in as they were, without a
// hole. After every batch the chain is sound, `kvshim check` says so of an unfinished import too.
//
// Until Publish every batch is marked as one that no release understands (log/format.h), and
// kv_meta tells where the rows come from: a server refuses the database, and another Importer with
// the same origin goes on where this one was ended. What the source has lost in between is then
// still here, and is removed by DeleteStrays.
//
// Thread safety: one thread at a time.
//
//   ASSIGN_OR_RETURN(auto importer, Importer::Open(dsn, {}, "sqlite:///old.db"));
//   RETURN_IF_ERROR(importer->Begin(compact_revision, leases));
//   for (const KeyValue& row : rows) RETURN_IF_ERROR(importer->Add(row));
//   RETURN_IF_ERROR(importer->Complete(newest_revision));
//   // Compare importer->database() with the source, then:
//   RETURN_IF_ERROR(importer->Publish());
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/key_value.h"
#include "log/chain_writer.h"
#include "log/head.h"
#include "log/op.h"
#include "sql/database.h"
#include "sql/dsn.h"

namespace kvshim::log {

class Importer {
 public:
  // Makes the database where there is none. Refuses one that holds anything but an unfinished
  // import of the same origin.
  static absl::StatusOr<std::unique_ptr<Importer>> Open(const sql::Dsn& dsn,
                                                        sql::DatabaseOptions options,
                                                        std::string origin);

  // The rows up to this revision are in the database already.
  int64_t revision() const { return head_.revision; }
  // Whether another Importer has written here before.
  bool resumed() const { return resumed_; }
  sql::Database& database() { return *database_; }

  // `leases` by ascending ids.
  absl::Status Begin(int64_t compact_revision, std::span<const LeaseGrant> leases);

  // Rows in ascending order of (mod_revision, sub), each above revision() as it was at Open.
  absl::Status Add(const KeyValue& row);

  // After the last row: everything up to `revision` is in the database.
  absl::Status Complete(int64_t revision);

  // Removes the visible rows that `belongs` does not know.
  absl::Status DeleteStrays(const std::function<bool(const KeyValue&)>& belongs);

  // The import has ended: from now on this is a database like any other.
  absl::Status Publish();

 private:
  Importer(std::unique_ptr<sql::Database> database, std::string origin)
      : database_(std::move(database)), origin_(std::move(origin)) {}

  absl::Status Inspect();
  // Appends rows_ and what is given; the log then ends at `last_revision`.
  absl::Status Flush(int64_t last_revision, const std::vector<Op>& ops,
                     std::vector<sql::Projection> further, int64_t format);
  absl::Status FlushRows(int64_t last_revision);

  const std::unique_ptr<sql::Database> database_;
  const std::string origin_;
  ChainWriter writer_;
  Head head_;
  bool resumed_ = false;
  int64_t compact_revision_ = 0;  // of the source
  std::vector<KeyValue> rows_;    // to be written next
  size_t bytes_ = 0;              // of them
};

}  // namespace kvshim::log
