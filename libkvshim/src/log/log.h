// Log: the ordered, append-only, revisioned log in SQL. Asks the database for two things: make
// this batch durable next in line, and give back what was written.
//
// Thread safety: Append and Resolve are called from one thread at a time, and so are Load and Tail.
// Every other method may be called from any thread, beside an Append. Callbacks run on the calling
// thread.
//
// Guarantees: a committed batch is durable (with the default `synchronous`), a batch is written
// whole or not at all, and no two batches follow the same head. What Fetch or ScanRows give back
// is exactly what was appended, or an error.
//
//   ASSIGN_OR_RETURN(sql::Dsn dsn, sql::Dsn::Parse("sqlite://./db/state.db"));
//   ASSIGN_OR_RETURN(std::unique_ptr<Log> log, Log::Open(dsn, {}));
//   RETURN_IF_ERROR(log->Load(visitor));       // visitor keeps the head, fills the index
//   AppendResult result = log->Append(head, batch);
//   if (result.outcome == Outcome::kCommitted) head = result.head;
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kvshim/key_value.h"
#include "log/batch.h"
#include "log/head.h"
#include "mvcc/revision.h"
#include "sql/database.h"
#include "sql/dsn.h"
#include "sql/fault_point.h"
#include "sql/record.h"
#include "sql/statistics.h"

namespace kvshim::log {

class ChainHasher;
class ChainWriter;

struct Options {
  int64_t kept_batches = 10000;   // the newest of kv_batch, that stay; the head always does
  int64_t writer = 0;             // an id of this server, noted in each batch
  sql::CommitObserver on_commit;  // called after each durable append
  sql::FaultHook fault;           // for tests
  sql::NetworkOptions network;    // for a database that is reached over one
};

enum class Outcome {
  kCommitted,  // durable; `head` is the new head
  kConflict,   // another batch follows the given head; nothing written: read it, evaluate again
  kAmbiguous,  // it may be durable or not: do not answer, do not retry; reopen and look
  kFailed,     // nothing written, `status` says why; the next append may work
};

struct AppendResult {
  Outcome outcome = Outcome::kFailed;
  absl::Status status;  // OK only where committed
  Head head;            // the new one; where ambiguous, what it would be
};

// What became of an append that was ambiguous.
enum class Resolution {
  kCommitted,  // it is in the log
  kDead,       // it is not, and never will be
  kUnknown,    // the log keeps nothing that tells: it may have been either
};

// One batch, as whichever server wrote it.
struct CommittedBatch {
  Head head;  // after it
  std::vector<KeyValue> rows;
  std::vector<Op> ops;
};

enum class TailEnd {
  kNewest,  // nothing follows
  kMore,    // read on
  kGone,    // what follows is not kept any more, or another epoch has begun: load everything
  kForked,  // the log does not hold the head that was given: it lost commits
};

// A row of the log without its value. The key is valid during the call it is passed to.
struct RowView {
  mvcc::Revision revision;
  std::string_view key;
  bool tombstone = false;
  int64_t create_revision = 0;
  int64_t version = 0;
  LeaseId lease = kNoLease;
  int64_t value_size = 0;
};

struct LeaseState {
  LeaseId id = kNoLease;
  int64_t ttl = 0;    // seconds, as granted
  int64_t renew = 0;  // keepalives so far
};

// What Load tells, in this order.
class LoadVisitor {
 public:
  virtual ~LoadVisitor() = default;
  virtual void OnHead(const Head& head, const Identity& identity) = 0;
  virtual void OnLease(const LeaseState& lease) = 0;
  virtual void OnAlarm(const SetAlarm& alarm) = 0;
  virtual void OnRow(const RowView& row) = 0;  // ascending by revision
};

// One thing that Check found wrong, in words, and where: "kv_log (17, 0)".
struct Finding {
  std::string where;
  std::string what;
};

struct SnapshotPiece {
  std::string_view bytes;
  uint64_t remaining = 0;  // bytes that follow this piece
};

class Log {
 public:
  // Opens what `dsn` names; creates or migrates the schema. Errors name the database and the fix,
  // and sql::KindOf tells them apart: kHeld, kForeign, kNewerSchema, kPermission, kReadOnly,
  // kFull, kCorrupt.
  static absl::StatusOr<std::unique_ptr<Log>> Open(const sql::Dsn& dsn, Options options);
  // The same on a database that is at hand; of `options` only what the log itself heeds.
  static absl::StatusOr<std::unique_ptr<Log>> Open(std::unique_ptr<sql::Database> database,
                                                   Options options);

  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // False where the DSN asked for commits that a power failure can take back; to be warned of.
  bool durable() const;

  // What the database is called in messages: a path, or an address without its password.
  const std::string& name() const;

  const Identity& identity() const { return identity_; }

  // Reads everything but the values, in one snapshot.
  absl::Status Load(LoadVisitor& visitor);

  absl::StatusOr<Head> ReadHead();

  // Appends `batch` next to `tip`, the head it was evaluated at. kFailed with kInvalidArgument
  // where the batch breaks a rule of batch.h. `meanwhile` is called with the head that it will
  // make, once, while a database server is at it; nothing is durable then.
  AppendResult Append(const Head& tip, const Batch& batch,
                      std::function<void(const Head&)> meanwhile = {});

  // Begins another history after `tip`: the next epoch, at `revision`, which is compacted: what was
  // before can neither be read nor watched. For a database that has lost its end: `revision` lies
  // above every one that a client may have seen.
  AppendResult BeginEpoch(const Head& tip, int64_t revision);

  // Whether the log holds the batch `seq` with this nonce; nullopt where it does not keep it any
  // more.
  absl::StatusOr<std::optional<bool>> Holds(int64_t seq, const Nonce& nonce);

  // Finds out what became of the append at `tip` that ended as kAmbiguous with the head
  // `attempted`. Where it is not in the log, a batch without contents is put in its place: only
  // that keeps a commit that is still on its way from arriving after this has looked. An error
  // means that it is still not known: ask again.
  absl::StatusOr<Resolution> Resolve(const Head& tip, const Head& attempted);

  // Reads what was appended after `tip`, in order, each batch verified: its place in the chain, its
  // rows, its hash. kCorrupt where that fails. A bounded amount at a time.
  absl::StatusOr<TailEnd> Tail(const Head& tip, const std::function<void(CommittedBatch)>& visit);

  // The database, where other servers write to it too; null where this process has it alone.
  sql::SharedDatabase* shared();

  // The versions at exactly these revisions, in their order; nullopt where there is no such row
  // (compacted, or the log is damaged: never "the key does not exist").
  absl::StatusOr<std::vector<std::optional<KeyValue>>> Fetch(
      std::span<const mvcc::Revision> revisions);

  // Rows after `after` that may be deleted if they are dead: those up to the newest gc_floor, at
  // most `limit`. False where there are no more.
  absl::StatusOr<bool> ListDeletable(
      mvcc::Revision after, size_t limit,
      const std::function<void(mvcc::Revision, std::string_view key)>& visit);

  // Deletes rows that compaction made dead: at most 1,000, each at or below the gc_floor of an
  // appended batch, in a transaction of its own. Rows already gone are no error.
  absl::Status DeleteRows(std::span<const mvcc::Revision> revisions);

  // Versions of revisions `from` to `to`, both included, ascending, tombstones too, in one
  // snapshot. `visit` returns false to stop. Keep it short: while it runs the write-ahead log
  // can't be reused.
  absl::Status ScanRows(int64_t from, int64_t to, std::function<bool(const KeyValue&)> visit);

  // A consistent copy of the database, in pieces. `sink` returns false to stop (kCancelled); it
  // may be slow: the copy is made aside first.
  absl::Status Snapshot(const std::function<bool(const SnapshotPiece&)>& sink);

  absl::StatusOr<sql::DatabaseSize> Size();

  // Gives back up to `max_pages` free pages; returns how many are still free. A short transaction
  // of its own: call it again after a pause.
  absl::StatusOr<int64_t> Vacuum(int64_t max_pages);

  // Rewrites the database without free space. Appends wait until it is done.
  absl::Status Defragment();

  // Moves the write-ahead log into the database now. Happens by itself in the background; this is
  // for tests and for a clean stop.
  absl::Status Checkpoint();

  // Verifies everything that can be: the database's own structure, dense revisions, the chained
  // hashes of the kept batches, versions and creations of each key. Slow, and holds a few bytes
  // per key; meant for `kvshim check`, with nothing appended meanwhile. An error means that it
  // could not be carried out.
  absl::Status Check(const std::function<void(const Finding&)>& visit);

  sql::Statistics Stats() const;

 private:
  Log(std::unique_ptr<sql::Database> database, Options options);

  // Appends what makes `head`, but for its seq, nonce and hash, which are set.
  AppendResult AppendAs(Head head, const Head& tip, const Batch& batch,
                        std::function<void(const Head&)> meanwhile);

  const std::unique_ptr<sql::Database> database_;
  const Options options_;
  Identity identity_;
  const std::unique_ptr<ChainWriter> writer_;       // of the thread that appends
  const std::unique_ptr<ChainHasher> tail_hasher_;  // of the thread that tails
};

}  // namespace kvshim::log
