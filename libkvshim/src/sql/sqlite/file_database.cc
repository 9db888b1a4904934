#include "sql/sqlite/file_database.h"

#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "sql/sqlite/database.h"
#include "sql/sqlite/database_file.h"
#include "sql/sqlite/error.h"
#include "sql/sqlite/schema.h"
#include "sql/sqlite/snapshot.h"

namespace kvshim::sql::sqlite {
namespace {

constexpr int64_t kFrameBytes = 4096 + 24;  // a page in the write-ahead log

// Where SQLite puts the temporary file of a VACUUM.
std::string TemporaryDirectory() {
  for (const char* name : {"SQLITE_TMPDIR", "TMPDIR"}) {
    const char* directory = getenv(name);
    std::error_code error;
    if (directory != nullptr && std::filesystem::is_directory(directory, error)) return directory;
  }
  for (const char* directory : {"/var/tmp", "/usr/tmp", "/tmp"}) {
    std::error_code error;
    if (std::filesystem::is_directory(directory, error)) return directory;
  }
  return ".";
}

}  // namespace

absl::StatusOr<std::unique_ptr<sql::Database>> Open(const Dsn& dsn, DatabaseOptions hooks) {
  ASSIGN_OR_RETURN(Options options, Options::FromDsn(dsn));
  ASSIGN_OR_RETURN(options.path, ResolvePath(options.path));
  ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(options.path));
  RETURN_IF_ERROR(InspectFile(options.path));
  RemoveStaleSnapshots(options.path);
  ASSIGN_OR_RETURN(auto writer, Connection::Open(options, Connection::Role::kWriter));
  ASSIGN_OR_RETURN(auto checkpointing, Connection::Open(options, Connection::Role::kReader));
  return std::make_unique<FileDatabase>(std::move(options), std::move(hooks), std::move(lock),
                                        std::move(writer), std::move(checkpointing));
}

FileDatabase::FileDatabase(Options options, DatabaseOptions hooks, FileLock lock,
                           std::unique_ptr<Connection> writer,
                           std::unique_ptr<Connection> checkpointing)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      lock_(std::move(lock)),
      writer_(std::move(writer)),
      readers_(options_),
      counters_(hooks_.on_commit),
      checkpointer_(std::move(checkpointing), commit_lock_, options_.wal_limit / kFrameBytes,
                    hooks_.fault) {}

absl::Status FileDatabase::Prepare(const Genesis& genesis) {
  CommitGuard guard(commit_lock_);
  RETURN_IF_ERROR(PrepareSchema(*writer_, genesis));
  RETURN_IF_ERROR(tail_.Read(*writer_));
  checkpointer_.Committed(writer_->wal_pages());
  return absl::OkStatus();
}

absl::Status FileDatabase::Snapshot(const std::function<bool(std::string_view, uint64_t)>& sink) {
  return StreamSnapshot(options_, hooks_.fault, sink);
}

absl::StatusOr<DatabaseSize> FileDatabase::Size() {
  ASSIGN_OR_RETURN(ReaderPool::Reader reader, readers_.Take());
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*reader, Transaction::Mode::kRead));
  ASSIGN_OR_RETURN(const int64_t pages, reader->Number("PRAGMA page_count"));
  ASSIGN_OR_RETURN(const int64_t free, reader->Number("PRAGMA freelist_count"));
  ASSIGN_OR_RETURN(const int64_t page_size, reader->Number("PRAGMA page_size"));
  return DatabaseSize{.total = pages * page_size, .in_use = (pages - free) * page_size};
}

absl::Status FileDatabase::Defragment() {
  {
    ASSIGN_OR_RETURN(const DatabaseSize size, Size());
    const std::string own = std::filesystem::path(options_.path).parent_path().string();
    RETURN_IF_ERROR(CheckFreeSpace(options_.path, TemporaryDirectory(), size.in_use));
    // The new database goes through the write-ahead log.
    RETURN_IF_ERROR(CheckFreeSpace(options_.path, own, size.in_use + size.in_use / 16));
    CommitGuard guard(commit_lock_);
    RETURN_IF_ERROR(Writable());
    RETURN_IF_ERROR(Reach(hooks_.fault, FaultPoint::kInVacuum));
    RETURN_IF_ERROR(RunCommitting("VACUUM"));
  }
  return checkpointer_.Truncate();
}

absl::Status FileDatabase::Commit(Transaction& transaction) {
  const absl::Status status = transaction.Commit();
  if (sql::KindOf(status) == ErrorKind::kAmbiguous) ambiguous_ = true;
  if (status.ok()) checkpointer_.Committed(writer_->wal_pages());
  return status;
}

absl::Status FileDatabase::RunCommitting(const std::string& statement) {
  const absl::Status status = writer_->Execute(statement);
  if (const ErrorKind kind = sql::KindOf(status);
      kind == ErrorKind::kIo || kind == ErrorKind::kAmbiguous) {
    ambiguous_ = true;
  }
  if (status.ok()) checkpointer_.Committed(writer_->wal_pages());
  return status;
}

absl::Status FileDatabase::Writable() const {
  if (!ambiguous_) return absl::OkStatus();
  return MakeError(ErrorKind::kAmbiguous, options_.path, "writing",
                   "an earlier commit ended in an I/O error", 0, 0);
}

Statistics FileDatabase::Stats() const {
  const Checkpointer::Counts counts = checkpointer_.counts();
  Statistics statistics = counters_.statistics();
  statistics.checkpoints = counts.checkpoints;
  statistics.wal_bytes = counts.wal_pages * kFrameBytes;
  return statistics;
}

}  // namespace kvshim::sql::sqlite
