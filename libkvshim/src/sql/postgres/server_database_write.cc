// The writes of ServerDatabase: append, turns, deletion.
#include <variant>
#include <vector>

#include "base/logger.h"
#include "base/overloaded.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/postgres/error.h"
#include "sql/postgres/schema.h"
#include "sql/postgres/server_database.h"

namespace kvshim::sql::postgres {
namespace {

constexpr int64_t kPrunedAtOnce = 256;

constexpr char kTakeLock[] = "SELECT id FROM kv_lock WHERE id = 1 FOR UPDATE";

// The guard: where the head is not the predecessor this batch was evaluated at, `prev` is NULL or
// `seq` is taken, and the insert fails.
constexpr char kInsertBatch[] =
    "INSERT INTO kv_batch (" KVSHIM_PG_BATCH_COLUMNS
    ") VALUES ($1, $2, (SELECT nonce FROM kv_batch WHERE seq = $1 - 1 AND nonce = $3 AND "
    "epoch = $15), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

constexpr char kInsertRows[] =
    "INSERT INTO kv_log (rev, sub, kind, create_rev, version, lease, key, vlen, value) "
    "SELECT rev, sub, kind, create_rev, version, lease, key, length(value), value "
    "FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], "
    "$7::bytea[], $8::bytea[]) "
    "AS t (rev, sub, kind, create_rev, version, lease, key, value)";

constexpr char kPutLease[] =
    "INSERT INTO kv_lease (id, ttl, renew) VALUES ($1, $2, 0) "
    "ON CONFLICT (id) DO UPDATE SET ttl = excluded.ttl, renew = 0";
constexpr char kDropLease[] = "DELETE FROM kv_lease WHERE id = $1";
constexpr char kPutMeta[] =
    "INSERT INTO kv_meta (name, value) VALUES ($1, $2) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
constexpr char kDropMeta[] = "DELETE FROM kv_meta WHERE name = $1";

// By exact keys whatever the planner thinks of the table: the rows' places first.
constexpr char kDeleteRows[] =
    "DELETE FROM kv_log WHERE ctid = ANY (ARRAY (SELECT l.place FROM "
    "unnest($1::int8[], $2::int4[]) AS w (rev, sub), LATERAL (SELECT ctid AS place FROM "
    "kv_log WHERE kv_log.rev = w.rev AND kv_log.sub = w.sub OFFSET 0) AS l))";
constexpr char kDeleteRowsByKey[] =
    "DELETE FROM kv_log WHERE (rev, sub) IN (SELECT rev, sub FROM "
    "unnest($1::int8[], $2::int4[]) AS w (rev, sub))";

constexpr char kPrune[] =
    "DELETE FROM kv_batch WHERE seq IN "
    "(SELECT seq FROM kv_batch WHERE seq <= $1 ORDER BY seq LIMIT $2)";

Command Project(const Projection& change) {
  return std::visit(
      base::Overloaded{
          [](const PutLease& put) {
            return Command{kPutLease, Parameters().Int8(put.id).Int8(put.ttl)};
          },
          [](const DropLease& drop) { return Command{kDropLease, Parameters().Int8(drop.id)}; },
          [](const PutMeta& put) {
            return Command{kPutMeta, Parameters().Text(put.name).Bytes(put.value)};
          },
          [](const DropMeta& drop) { return Command{kDropMeta, Parameters().Text(drop.name)}; }},
      change);
}

Command InsertRows(std::span<const LogRecord> rows) {
  const size_t count = rows.size();
  return {kInsertRows, Parameters()
                           .Int8Array(count, [&](size_t i) { return rows[i].id.revision; })
                           .Int4Array(count, [&](size_t i) { return rows[i].id.sub; })
                           .Int4Array(count, [&](size_t i) { return rows[i].tombstone ? 1 : 0; })
                           .Int8Array(count, [&](size_t i) { return rows[i].create_revision; })
                           .Int8Array(count, [&](size_t i) { return rows[i].version; })
                           .Int8Array(count, [&](size_t i) { return rows[i].lease; })
                           .BytesArray(count, [&](size_t i) { return rows[i].key; })
                           .BytesArray(count, [&](size_t i) { return rows[i].value; })};
}

}  // namespace

absl::StatusOr<Connection*> ServerDatabase::Writer() {
  if (reconnect_.exchange(false)) writer_.reset();
  if (writer_ == nullptr || writer_->Stale()) {
    in_turn_ = false;
    ASSIGN_OR_RETURN(writer_, Connect());
  }
  return writer_.get();
}

void ServerDatabase::Recover(const absl::Status& error) {
  in_turn_ = false;
  if (sql::KindOf(error) == ErrorKind::kBusy) EndFrozenTurns();
  if (writer_ == nullptr) return;
  if (writer_->broken() || !writer_->ExecuteScript("ROLLBACK").ok()) writer_.reset();
}

void ServerDatabase::EndFrozenTurns() {
  // Half of the time for one statement: longer than a turn that goes on waits for its server.
  const absl::StatusOr<Result> ended = readers_.With([&](Connection& connection) {
    return connection.Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE relation = 'kv_lock'::regclass AND granted AND wait_event = 'ClientRead' AND "
        "xact_start < clock_timestamp() - $1 * interval '1 millisecond'",
        Parameters().Int8(options_.network.timeout.count() / 2));
  });
  if (ended.ok() && ended->rows() > 0) {
    base::Log(base::Level::kWarning, "ended the turn of a server that has frozen",
              {{"database", options_.name}});
  }
}

absl::Status ServerDatabase::Append(const AppendRequest& request) {
  return counters_.Count(request, [&](CommitSample&) {
    absl::Status status = Flush(request);
    if (!status.ok()) Recover(status);
    return status;
  });
}

absl::Status ServerDatabase::Flush(const AppendRequest& request) {
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeFlush));
  const bool in_turn = in_turn_;
  ASSIGN_OR_RETURN(Connection * writer, Writer());
  // The turn went with its connection, and so did what was read in it.
  if (in_turn && !in_turn_) {
    return MakeError(ErrorKind::kIo, options_.name, "appending", "the connection was lost", "");
  }
  std::vector<Command> commands;
  commands.reserve(6 + request.projections.size());
  if (!in_turn_) {
    commands.push_back({"BEGIN", {}});
    commands.push_back({kTakeLock, {}});
  }
  commands.push_back({kInsertBatch, BatchParameters(request.batch).Int8(request.prev_epoch)});
  const size_t batch_at = commands.size() - 1;
  if (!request.rows.empty()) commands.push_back(InsertRows(request.rows));
  for (const Projection& change : request.projections) commands.push_back(Project(change));
  if (request.prune_through > 0) {
    commands.push_back({kPrune, Parameters().Int8(request.prune_through).Int8(kPrunedAtOnce)});
  }
  commands.push_back({"COMMIT", {}});

  absl::StatusOr<std::vector<Result>> results = writer->Run(commands, true, request.meanwhile);
  in_turn_ = false;
  if (!results.ok()) return results.status();
  const auto failed = [&](ErrorKind kind, std::string_view what) {
    return MakeError(kind, options_.name, "appending", what, "");
  };
  // A COMMIT of a transaction that had failed says so, and is none.
  if (results->back().command() != "COMMIT") {
    return failed(ErrorKind::kIo, "the server rolled back");
  }
  // An INSERT that found everything in order and put nothing in: a rule or a trigger that is not
  // ours. What was committed is not what memory would hold.
  if ((*results)[batch_at].affected() != 1 ||
      (!request.rows.empty() &&
       (*results)[batch_at + 1].affected() != static_cast<int64_t>(request.rows.size()))) {
    return failed(ErrorKind::kCorrupt, "the server committed other rows than it was given");
  }
  if (writer->replication_cancelled()) {
    return failed(ErrorKind::kAmbiguous, "the standby has not confirmed the commit");
  }
  if (absl::Status lost = Reach(hooks_.fault, FaultPoint::kAfterCommit); !lost.ok()) {
    return failed(ErrorKind::kAmbiguous, base::FromAbsl(lost.message()));
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::Lock() {
  ASSIGN_OR_RETURN(Connection * writer, Writer());
  std::vector<Command> commands;
  commands.push_back({"BEGIN", {}});
  commands.push_back({kTakeLock, {}});
  const auto results = writer->Run(commands, false);
  if (results.ok()) {
    in_turn_ = true;
    return absl::OkStatus();
  }
  Recover(results.status());
  return results.status();
}

void ServerDatabase::Unlock() {
  if (in_turn_) Recover(absl::OkStatus());
}

absl::Status ServerDatabase::LockLeases(std::span<const int64_t> ids,
                                        const std::function<void(const LeaseRecord&)>& visit) {
  if (!in_turn_) return absl::InternalError("LockLeases outside of a turn");
  const auto found =
      writer_->Execute("SELECT id, ttl, renew FROM kv_lease WHERE id = ANY($1::int8[]) FOR UPDATE",
                       Parameters().Int8Array(ids.size(), [&](size_t i) { return ids[i]; }));
  if (!found.ok()) {
    Recover(found.status());
    return found.status();
  }
  for (int row = 0; row < found->rows(); ++row) {
    visit({.id = found->Int(row, 0), .ttl = found->Int(row, 1), .renew = found->Int(row, 2)});
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::DeleteRows(std::span<const RowId> ids) {
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeDelete));
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        const Result floor,
        connection.Execute("SELECT gc_floor FROM kv_batch ORDER BY seq DESC LIMIT 1", {}));
    const int64_t through = floor.rows() == 1 ? floor.Int(0, 0) : 0;
    for (const RowId& id : ids) {
      if (id.revision <= through) continue;
      return absl::InvalidArgumentError(
          base::Concat("revision ", id.revision, " is above the floor of deletion, ", through));
    }
    RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInDelete));
    const bool has_places = connection.product() == Product::kPostgres;
    ASSIGN_OR_RETURN(
        const Result deleted,
        connection.Execute(has_places ? kDeleteRows : kDeleteRowsByKey,
                           Parameters()
                               .Int8Array(ids.size(), [&](size_t i) { return ids[i].revision; })
                               .Int4Array(ids.size(), [&](size_t i) { return ids[i].sub; })));
    counters_.Deleted(deleted.affected());
    return absl::OkStatus();
  });
}

}  // namespace kvshim::sql::postgres
