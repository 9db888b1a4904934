// The writes of FileDatabase: append, deletion, and giving free pages back.
#include <sqlite3.h>

#include <chrono>
#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/error.h"
#include "sql/sqlite/file_database.h"
#include "sql/sqlite/schema.h"

namespace kvshim::sql::sqlite {
namespace {

using std::chrono::steady_clock;

constexpr int64_t kPrunedAtOnce = 256;
// How long cleaning up keeps commits waiting at a time.
constexpr std::chrono::microseconds kLongestHold{500};

}  // namespace

absl::Status FileDatabase::Append(const AppendRequest& request) {
  return counters_.Count(request, [&](CommitSample& sample) {
    CommitGuard guard(commit_lock_);
    return AppendLocked(request, sample);
  });
}

absl::Status FileDatabase::AppendLocked(const AppendRequest& request, CommitSample& sample) {
  RETURN_IF_ERROR(Writable());
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeFlush));
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(*writer_, Transaction::Mode::kWrite));
  RETURN_IF_ERROR(tail_.CheckFollows(request, options_.path));
  ASSIGN_OR_RETURN(BatchTail::Place place, tail_.Add(*writer_, request));
  RETURN_IF_ERROR(InsertRows(request.rows, place));
  for (const Projection& change : request.projections) RETURN_IF_ERROR(Project(change));
  if (request.prune_through > 0) RETURN_IF_ERROR(Prune(request.prune_through));
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInFlush));

  const auto before_commit = steady_clock::now();
  RETURN_IF_ERROR(Commit(transaction));
  sample.sync = steady_clock::now() - before_commit;
  tail_.Added(std::move(place));
  if (absl::Status lost = Reach(hooks_.fault, FaultPoint::kAfterCommit); !lost.ok()) {
    ambiguous_ = true;
    return MakeError(ErrorKind::kAmbiguous, options_.path, "COMMIT", base::FromAbsl(lost.message()),
                     0, 0);
  }
  return absl::OkStatus();
}

absl::Status FileDatabase::InsertRows(std::span<const LogRecord> rows,
                                      const BatchTail::Place& place) {
  Cursor insert = writer_->Use(
      "INSERT INTO kv_log (id, key, kind, create_rev, version, lease, vlen, value, batch) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  for (const LogRecord& row : rows) {
    insert->Bind(1, PackId(row.id));
    insert->Bind(2, row.key);
    insert->Bind(3, int64_t{row.tombstone});
    insert->Bind(4, row.create_revision);
    insert->Bind(5, row.version);
    insert->Bind(6, row.lease);
    insert->Bind(7, row.value_size);
    insert->Bind(8, row.value);
    if (place.in_rows && &row == &rows.back()) {
      insert->Bind(9, place.record);
    } else {
      insert->BindNull(9);
    }
    absl::Status status = insert->Run();
    if (status.ok()) continue;
    // The batch went in, so that this is no conflict with another writer.
    if (sql::KindOf(status) == ErrorKind::kConflict) {
      return MakeError(ErrorKind::kCorrupt, options_.path, "appending",
                       base::Concat("kv_log already has a row at revision ", row.id.revision,
                                    ", beyond the newest batch"),
                       0, 0);
    }
    return status;
  }
  return absl::OkStatus();
}

absl::Status FileDatabase::Project(const Projection& change) {
  Connection& writer = *writer_;
  return std::visit(
      base::Overloaded{[&](const PutLease& put) {
                         Cursor insert = writer.Use(
                             "INSERT OR REPLACE INTO kv_lease (id, ttl, renew) VALUES (?1, ?2, 0)");
                         insert->Bind(1, put.id);
                         insert->Bind(2, put.ttl);
                         return insert->Run();
                       },
                       [&](const DropLease& drop) {
                         Cursor remove = writer.Use("DELETE FROM kv_lease WHERE id = ?1");
                         remove->Bind(1, drop.id);
                         return remove->Run();
                       },
                       [&](const PutMeta& put) {
                         Cursor insert = writer.Use(
                             "INSERT OR REPLACE INTO kv_meta (name, value) VALUES (?1, ?2)");
                         insert->BindText(1, put.name);
                         insert->Bind(2, put.value);
                         return insert->Run();
                       },
                       [&](const DropMeta& drop) {
                         Cursor remove = writer.Use("DELETE FROM kv_meta WHERE name = ?1");
                         remove->BindText(1, drop.name);
                         return remove->Run();
                       }},
      change);
}

absl::Status FileDatabase::Prune(int64_t through) {
  Cursor remove = writer_->Use(
      "DELETE FROM kv_batch WHERE seq IN "
      "(SELECT seq FROM kv_batch WHERE seq <= ?1 ORDER BY seq LIMIT ?2)");
  remove->Bind(1, through);
  remove->Bind(2, kPrunedAtOnce);
  return remove->Run();
}

absl::Status FileDatabase::DeleteRows(std::span<const RowId> ids) {
  do {
    ASSIGN_OR_RETURN(const size_t done, DeleteSome(ids));
    ids = ids.subspan(done);
  } while (!ids.empty());
  return absl::OkStatus();
}

absl::StatusOr<size_t> FileDatabase::DeleteSome(std::span<const RowId> ids) {
  CommitGuard guard(commit_lock_);
  const auto until = steady_clock::now() + kLongestHold;
  RETURN_IF_ERROR(Writable());
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kBeforeDelete));
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(*writer_, Transaction::Mode::kWriteLazily));
  const int64_t floor = tail_.head().gc_floor;
  bool covered = true;
  for (const RowId& id : ids) {
    covered = covered && tail_.Covers(id.revision);
    if (id.revision > floor) {
      return absl::InvalidArgumentError(
          base::Concat("revision ", id.revision, " is above the floor of deletion, ", floor));
    }
  }
  if (!covered) RETURN_IF_ERROR(tail_.Settle(*writer_));
  size_t done = 0;
  int64_t deleted = 0;
  {
    Cursor remove = writer_->Use("DELETE FROM kv_log WHERE id = ?1");
    while (done < ids.size() && (done == 0 || steady_clock::now() < until)) {
      remove->Bind(1, PackId(ids[done++]));
      RETURN_IF_ERROR(remove->Run());
      deleted += sqlite3_changes(writer_->handle());
    }
  }
  RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInDelete));
  RETURN_IF_ERROR(Commit(transaction));
  if (!covered) tail_.Settled();
  counters_.Deleted(deleted);
  return done;
}

absl::StatusOr<int64_t> FileDatabase::Vacuum(int64_t max_pages) {
  int64_t free = 0;
  do {
    CommitGuard guard(commit_lock_);
    RETURN_IF_ERROR(Writable());
    RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInVacuum));
    if (max_pages > 0) {
      ASSIGN_OR_RETURN(const int64_t done, VacuumSome(max_pages));
      max_pages = done == 0 ? 0 : max_pages - done;
    }
    ASSIGN_OR_RETURN(free, writer_->Number("PRAGMA freelist_count"));
  } while (max_pages > 0 && free > 0);
  return free;
}

absl::StatusOr<int64_t> FileDatabase::VacuumSome(int64_t max_pages) {
  const auto until = steady_clock::now() + kLongestHold;
  ASSIGN_OR_RETURN(Transaction transaction,
                   Transaction::Begin(*writer_, Transaction::Mode::kWriteLazily));
  int64_t done = 0;
  {
    Cursor page = writer_->Use("PRAGMA incremental_vacuum");  // one with each step
    while (done < max_pages && (done == 0 || steady_clock::now() < until)) {
      ASSIGN_OR_RETURN(const bool more, page->Step());
      if (!more) break;
      ++done;
    }
  }
  RETURN_IF_ERROR(Commit(transaction));
  return done;
}

}  // namespace kvshim::sql::sqlite
