// Database: what a dialect of SQL does for the log. One folder beside this file implements it for
// one product: it knows the product's connections, errors and statements, and nothing of hashes,
// ops or keys.
//
// Thread safety: Append is called from one thread at a time; every other method from any thread,
// beside an Append. Callbacks run on the calling thread and must not call back.
//
// Errors: statuses of MakeError (sql/error.h). A write that fails has written nothing, except with
// kAmbiguous, after which a database of one process answers every write so until it is reopened;
// sql/shared_database.h says what holds for the others.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/fault_point.h"
#include "sql/record.h"
#include "sql/statistics.h"

namespace kvshim::sql {

// How a database that is reached over a network is spoken to.
struct NetworkOptions {
  std::string ca_file;    // PEM; where set, the server's certificate must be signed by it
  std::string cert_file;  // PEM, with key_file: what the server asks of its clients
  std::string key_file;
  bool skip_verify = false;  // encrypt, but take any certificate
  // How long one statement, or making a connection, may take.
  std::chrono::milliseconds timeout{5000};
  // Connections for reading beside the one that appends.
  size_t connections = 4;
};

struct DatabaseOptions {
  CommitObserver on_commit;
  FaultHook fault;
  NetworkOptions network;
};

// What an empty database is given, in the transaction that makes its tables.
struct Genesis {
  BatchRecord batch;
  std::vector<PutMeta> meta;
};

// One append: the batch goes in only if the batch before it has the nonce batch.prev and
// `prev_epoch`; else kConflict.
struct AppendRequest {
  BatchRecord batch;
  int64_t prev_epoch = 0;
  std::span<const LogRecord> rows;
  std::span<const Projection> projections;
  int64_t prune_through = 0;  // batches up to this seq may be deleted, a few at a time
  // Called at most once, where all of it was sent to a server whose answer is waited for now.
  std::function<void()> meanwhile;
};

// What Load tells, in this order. The head batch comes first.
class TableVisitor {
 public:
  virtual ~TableVisitor() = default;
  virtual absl::Status OnHead(const BatchRecord& batch) = 0;
  virtual absl::Status OnMeta(std::string_view name, std::string_view value) = 0;
  virtual absl::Status OnLease(const LeaseRecord& lease) = 0;
  virtual void OnRow(const LogRecord& row) = 0;  // without values, ascending
};

// The most rows that a revision may have, from what kv_log's keys can hold in every dialect.
inline constexpr uint32_t kMaxSubs = uint32_t{1} << 21;

class SharedDatabase;

class Database {
 public:
  virtual ~Database() = default;

  // Itself, where many servers may write to it at once; null where this process has it alone.
  virtual SharedDatabase* shared() { return nullptr; }

  // For messages: the path, or the address without its password.
  virtual const std::string& name() const = 0;
  // False where commits may be lost with the power.
  virtual bool durable() const = 0;

  // Makes the tables where there are none, migrates older ones, refuses newer ones.
  virtual absl::Status Prepare(const Genesis& genesis) = 0;

  virtual absl::Status Append(const AppendRequest& request) = 0;

  virtual absl::Status Load(TableVisitor& visitor) = 0;
  virtual absl::Status ReadHead(const std::function<void(const BatchRecord&)>& visit) = 0;
  virtual absl::StatusOr<std::optional<std::string>> ReadMeta(std::string_view name) = 0;
  // Calls `visit` with the index of each id that was found.
  virtual absl::Status Fetch(std::span<const RowId> ids,
                             const std::function<void(size_t, const LogRecord&)>& visit) = 0;
  // Ranges in one snapshot, both ends included, ascending; `visit` returns false to stop.
  virtual absl::Status ReadRows(int64_t from, int64_t to,
                                const std::function<bool(const LogRecord&)>& visit) = 0;
  // At most `limit` batches. Those after the first are durable.
  virtual absl::Status ReadBatches(int64_t from, int64_t limit,
                                   const std::function<bool(const BatchRecord&)>& visit) = 0;
  // At most `limit` rows after `after`, up to revision `to`, without their values.
  virtual absl::Status ReadRowsWithoutValues(
      RowId after, int64_t to, int64_t limit,
      const std::function<void(const LogRecord&)>& visit) = 0;

  // Where it fails, some may be deleted. May be lost with the power: what is deleted again is no
  // error.
  virtual absl::Status DeleteRows(std::span<const RowId> ids) = 0;

  // A copy in pieces: the bytes and how many follow. `sink` returns false to stop.
  virtual absl::Status Snapshot(const std::function<bool(std::string_view, uint64_t)>& sink) = 0;
  virtual absl::StatusOr<DatabaseSize> Size() = 0;
  virtual absl::StatusOr<int64_t> Vacuum(int64_t max_pages) = 0;
  virtual absl::Status Defragment() = 0;
  virtual absl::Status Checkpoint() = 0;

  // The product's own check of its structures; `visit` is called with each complaint.
  virtual absl::Status CheckStructure(const std::function<void(std::string_view)>& visit) = 0;

  virtual Statistics Stats() const = 0;
};

}  // namespace kvshim::sql
