// The writes of ServerDatabase: append, turns, deletion.
#include <algorithm>
#include <vector>

#include "base/status.h"
#include "base/strings.h"
#include "sql/mysql/row_ids.h"
#include "sql/mysql/server_database.h"

namespace kvshim::sql::mysql {
namespace {

constexpr unsigned kDuplicateKey = 1062;

// What a packet has beside its statement.
constexpr int64_t kPacketOverhead = 2048;

}  // namespace

absl::StatusOr<Connection*> ServerDatabase::Writer() {
  if (reconnect_.exchange(false)) writer_.reset();
  // The server may have closed it while nobody looked.
  if (writer_ == nullptr || writer_->Stale()) {
    in_turn_ = false;
    writer_.reset();
    ASSIGN_OR_RETURN(writer_, Connect(Role::kAppender));
  }
  return writer_.get();
}

void ServerDatabase::Recover() {
  in_turn_ = false;
  if (writer_ == nullptr) return;
  if (writer_->broken() || !writer_->Execute("ROLLBACK").ok()) writer_.reset();
}

absl::Status ServerDatabase::Append(const AppendRequest& request) {
  return counters_.Count(request, [&](CommitSample&) {
    absl::Status status = Flush(request);
    if (!status.ok()) Recover();
    return status;
  });
}

absl::Status ServerDatabase::Flush(const AppendRequest& request) {
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeFlush));
  const bool in_turn = in_turn_;
  ASSIGN_OR_RETURN(Connection * writer, Writer());
  // The turn went with its connection, and so did what was read in it.
  if (in_turn && !in_turn_) {
    return MakeError(ErrorKind::kIo, options_.name, "appending", "the connection was lost", 0);
  }
  const int64_t max_packet = writer->server().max_packet;
  const size_t limit = static_cast<size_t>(max_packet / 2);
  const AppendScript script(request, in_turn_, limit);
  if (static_cast<int64_t>(script.largest()) + kPacketOverhead > max_packet) {
    return MakeError(ErrorKind::kFull, options_.name, "appending",
                     base::Concat("a row of ", script.largest(),
                                  " bytes is more than the server's max_allowed_packet, ",
                                  max_packet, ", lets through; raise it"),
                     0);
  }
  RETURN_IF_ERROR(script.total() <= limit ? SendWhole(script, request.meanwhile)
                                          : SendInParts(script, request.meanwhile));
  in_turn_ = false;
  if (absl::Status lost = Reach(hooks_.fault, FaultPoint::kAfterCommit); !lost.ok()) {
    return MakeError(ErrorKind::kAmbiguous, options_.name, "appending",
                     base::FromAbsl(lost.message()), 0);
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::SendWhole(const AppendScript& script,
                                       const std::function<void()>& meanwhile) {
  if (writer_->server().compound) {
    return writer_->Execute(script.Compound(), Purpose::kAppend, meanwhile).status();
  }
  const auto results = writer_->Run(script.Joined(), Purpose::kAppend, meanwhile);
  if (!results.ok()) {
    if (writer_->error() == kDuplicateKey && script.OfRows(writer_->answered())) {
      return MakeError(ErrorKind::kCorrupt, options_.name, "appending", kRowsBeyond, 0);
    }
    return results.status();
  }
  for (size_t i = 0; i < results->size(); ++i) {
    // A trigger that is not ours: what was committed is not what memory would hold.
    if (script.counts()[i] >= 0 && (*results)[i].affected() != script.counts()[i]) {
      return MakeError(ErrorKind::kCorrupt, options_.name, "appending",
                       "the server committed other rows than it was given", 0);
    }
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::SendInParts(const AppendScript& script,
                                         const std::function<void()>& meanwhile) {
  const std::vector<Statement>& statements = script.statements();
  for (size_t i = 0; i < statements.size(); ++i) {
    const bool last = i + 1 == statements.size();
    const auto result = last ? writer_->Execute(statements[i], Purpose::kAppend, meanwhile)
                             : writer_->Execute(statements[i], Purpose::kBeforeCommit);
    if (!result.ok() && writer_->error() == kDuplicateKey && script.OfRows(i)) {
      return MakeError(ErrorKind::kCorrupt, options_.name, "appending", kRowsBeyond, 0);
    }
    if (!result.ok()) return result.status();
    if (script.counts()[i] >= 0 && result->affected() != script.counts()[i]) {
      return MakeError(ErrorKind::kCorrupt, options_.name, "appending",
                       "other rows were inserted than were given", 0);
    }
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::Lock() {
  ASSIGN_OR_RETURN(Connection * writer, Writer());
  const auto results =
      writer->Run("START TRANSACTION; SELECT id FROM kv_lock WHERE id = 1 FOR UPDATE");
  if (results.ok() && results->back().rows() == 1) {
    in_turn_ = true;
    return absl::OkStatus();
  }
  Recover();
  if (!results.ok()) return results.status();
  return MakeError(ErrorKind::kCorrupt, options_.name, "taking the turn", "kv_lock is empty", 0);
}

void ServerDatabase::Unlock() {
  if (in_turn_) Recover();
}

absl::Status ServerDatabase::LockLeases(std::span<const int64_t> ids,
                                        const std::function<void(const LeaseRecord&)>& visit) {
  if (!in_turn_) return absl::InternalError("LockLeases outside of a turn");
  if (ids.empty()) return absl::OkStatus();
  auto found = writer_->Execute(Statement()
                                    .Text("SELECT id, ttl, renew FROM kv_lease WHERE id IN (")
                                    .Ints(ids)
                                    .Text(") ORDER BY id FOR UPDATE"));
  if (!found.ok()) {
    Recover();
    return found.status();
  }
  while (const std::optional<Row> row = found->Next()) {
    visit({.id = row->Int(0), .ttl = row->Int(1), .renew = row->Int(2)});
  }
  return absl::OkStatus();
}

absl::Status ServerDatabase::DeleteRows(std::span<const RowId> ids) {
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeDelete));
  if (ids.empty()) return absl::OkStatus();
  return readers_.With([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(Result newest,
                     connection.Execute("SELECT gc_floor FROM kv_batch ORDER BY seq DESC LIMIT 1"));
    const std::optional<Row> head = newest.Next();
    const int64_t floor = head.has_value() ? head->Int(0) : 0;
    for (const RowId& id : ids) {
      if (id.revision <= floor) continue;
      return absl::InvalidArgumentError(
          base::Concat("revision ", id.revision, " is above the floor of deletion, ", floor));
    }
    RETURN_IF_ERROR(connection.Execute("START TRANSACTION").status());
    int64_t deleted = 0;
    absl::Status status = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(
          const Result gone,
          connection.Execute(Statement().Text("DELETE FROM kv_log WHERE ").Text(AnyOf(ids))));
      deleted = gone.affected();
      RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInDelete));
      return connection.Execute("COMMIT").status();
    }();
    if (status.ok()) {
      counters_.Deleted(deleted);
    } else if (!connection.broken()) {
      connection.Execute("ROLLBACK").status().IgnoreError();
    }
    return status;
  });
}

}  // namespace kvshim::sql::mysql
