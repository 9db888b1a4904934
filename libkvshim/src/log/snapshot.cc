// Log::Snapshot: what a database has no copy of itself for is copied, row by row, into a SQLite
// database of its own, and that one is given. It can be put in the place of any SQLite database of
// ours, as a snapshot of one can.
#include <memory>
#include <string>

#include "base/status.h"
#include "base/temporary_directory.h"
#include "log/contents.h"
#include "log/import.h"
#include "log/log.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

constexpr int kAttempts = 3;

absl::Status CopyInto(const sql::Dsn& target, sql::Database& source) {
  ASSIGN_OR_RETURN(const Contents contents, Contents::Read(source, Contents::Of::kStore));
  ASSIGN_OR_RETURN(auto importer, Importer::Open(target, {}, source.name()));
  RETURN_IF_ERROR(importer->Begin(contents.head().compact_revision, contents.leases()));
  RETURN_IF_ERROR(contents.Visit(source, [&](const KeyValue& row) { return importer->Add(row); }));
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
    ASSIGN_OR_RETURN(const auto directory, base::TemporaryDirectory::Make(""));
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
