// Log::Snapshot: what a database has no copy of itself for is copied, row by row, into a SQLite
// database of its own, and that one is given. It can be put in the place of any SQLite database of
// ours, as a snapshot of one can.
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "base/status.h"
#include "base/strings.h"
#include "log/contents.h"
#include "log/import.h"
#include "log/log.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 3;

// Gone, with what is in it, at the end of the scope.
class TemporaryDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryDirectory>> Make() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    std::string path = ((error ? fs::path("/tmp") : parent) / "kvshim-snapshot-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return sql::MakeError(
          sql::ErrorKind::kIo,
          base::Concat("cannot make ", path, " for a snapshot; see the variable TMPDIR"));
    }
    return std::unique_ptr<TemporaryDirectory>(new TemporaryDirectory(std::move(path)));
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

absl::Status CopyInto(const sql::Dsn& target, sql::Database& source) {
  ASSIGN_OR_RETURN(const Contents contents, Contents::Read(source, Contents::Of::kStore));
  ASSIGN_OR_RETURN(auto importer, Importer::Open(target, {}, source.name()));
  RETURN_IF_ERROR(importer->Begin(contents.head().compact_revision, contents.leases()));
  RETURN_IF_ERROR(
      contents.Visit(source, [&](const KeyValue& row) { return importer->Add(row); }));
  RETURN_IF_ERROR(importer->Complete(contents.head().revision));
  return importer->Publish();
}

}  // namespace

absl::Status Log::Snapshot(const std::function<bool(const SnapshotPiece&)>& sink) {
  const auto send = [&](std::string_view bytes, uint64_t remaining) {
    return sink({.bytes = bytes, .remaining = remaining});
  };
  if (database_->shared() == nullptr) return database_->Snapshot(send);
  absl::Status copied;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(const auto directory, TemporaryDirectory::Make());
    // What did not come to its end is thrown away: it needs no flushes.
    const sql::Dsn aside{.scheme = std::string(sql::kSqliteScheme),
                         .address = directory->path() + "/copy.db",
                         .parameters = {{"synchronous", "off"}}};
    copied = CopyInto(aside, *database_);
    if (sql::KindOf(copied) == sql::ErrorKind::kConflict) continue;
    RETURN_IF_ERROR(copied);
    ASSIGN_OR_RETURN(auto copy, Open(aside, {}));
    return copy->Snapshot(sink);
  }
  return copied;
}

}  // namespace kvshim::log
