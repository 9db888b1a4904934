#include "log/import.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "log/backend.h"
#include "log/contents.h"
#include "log/format.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

using base::Concat;

constexpr char kOriginName[] = "import_origin";
constexpr size_t kRowsAtOnce = 2000;
constexpr size_t kBytesAtOnce = size_t{4} << 20;
constexpr size_t kOpsAtOnce = 1000;
constexpr size_t kDeletedAtOnce = 1000;

// What makes `now` of `before`, both by ascending ids.
std::vector<Op> LeaseChanges(std::span<const LeaseGrant> before, std::span<const LeaseGrant> now) {
  std::vector<Op> ops;
  auto old = before.begin();
  for (const LeaseGrant& lease : now) {
    for (; old != before.end() && old->id < lease.id; ++old) ops.push_back(LeaseRevoke{old->id});
    const bool known = old != before.end() && old->id == lease.id;
    if (!known || old->ttl != lease.ttl) ops.push_back(lease);
    if (known) ++old;
  }
  for (; old != before.end(); ++old) ops.push_back(LeaseRevoke{old->id});
  return ops;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Importer>> Importer::Open(const sql::Dsn& dsn,
                                                         sql::DatabaseOptions options,
                                                         std::string origin) {
  ASSIGN_OR_RETURN(auto database, OpenBackend(dsn, std::move(options)));
  RETURN_IF_ERROR(PrepareBackend(*database));
  std::unique_ptr<Importer> importer(new Importer(std::move(database), std::move(origin)));
  RETURN_IF_ERROR(importer->Inspect());
  return importer;
}

absl::Status Importer::Inspect() {
  const std::string& name = database_->name();
  absl::Status status;
  RETURN_IF_ERROR(database_->ReadHead([&](const sql::BatchRecord& batch) {
    const absl::StatusOr<Head> head = HeadOf(batch);
    status = head.status();
    if (head.ok()) head_ = *head;
    resumed_ = batch.min_reader == kUnfinished;
    if (status.ok() && !resumed_) status = CheckReadable(batch, name);
  }));
  RETURN_IF_ERROR(status);
  if (resumed_) {
    ASSIGN_OR_RETURN(const std::optional<std::string> origin, database_->ReadMeta(kOriginName));
    if (origin == origin_) return absl::OkStatus();
    return absl::FailedPreconditionError(
        Concat("database ", name, " holds the unfinished import of ", origin.value_or("something"),
               ", not of ", origin_, "; name a new database, or drop this one"));
  }
  ASSIGN_OR_RETURN(const Contents contents, Contents::Read(*database_, Contents::Of::kStore));
  if (contents.rows() == 0 && contents.leases().empty() && head_.revision == 1) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      Concat("database ", name, " is not empty: it is at revision ", head_.revision, " with ",
             contents.keys(), " keys; name a new database"));
}

absl::Status Importer::Begin(int64_t compact_revision, std::span<const LeaseGrant> leases) {
  compact_revision_ = std::max(compact_revision, head_.compact_revision);
  std::vector<LeaseGrant> before;
  if (resumed_) {
    ASSIGN_OR_RETURN(const Contents contents, Contents::Read(*database_, Contents::Of::kImport));
    before = contents.leases();
  } else {
    RETURN_IF_ERROR(Flush(head_.revision, {}, {sql::PutMeta{kOriginName, origin_}}, kUnfinished));
  }
  const std::vector<Op> ops = LeaseChanges(before, leases);
  for (size_t begin = 0; begin < ops.size(); begin += kOpsAtOnce) {
    const auto first = ops.begin() + static_cast<ptrdiff_t>(begin);
    const auto count = static_cast<ptrdiff_t>(std::min(kOpsAtOnce, ops.size() - begin));
    RETURN_IF_ERROR(Flush(head_.revision, {first, first + count}, {}, kUnfinished));
  }
  return absl::OkStatus();
}

absl::Status Importer::Add(const KeyValue& row) {
  const int64_t revision = row.mod_revision();
  const int64_t last = rows_.empty() ? head_.revision : rows_.back().mod_revision();
  const bool begins = rows_.empty() || revision != last;
  const bool dense = revision > compact_revision_;
  if (revision < last || (begins && revision == last) ||
      (!begins && row.sub() <= rows_.back().sub())) {
    return absl::InternalError(Concat("the row (", revision, ", ", row.sub(),
                                      ") of an import comes after revision ", last));
  }
  const int64_t before = dense && last < compact_revision_ ? compact_revision_ : last;
  if (dense &&
      (begins ? revision != before + 1 || row.sub() != 0 : row.sub() != rows_.back().sub() + 1)) {
    return absl::DataLossError(Concat("the source has nothing between revision ", before, " and (",
                                      revision, ", ", row.sub(), ")"));
  }
  if (begins) {
    const size_t size = row.key().size() + row.value().size();
    if (dense && head_.revision < compact_revision_) {
      RETURN_IF_ERROR(FlushRows(compact_revision_));
    } else if (!rows_.empty() && (rows_.size() >= kRowsAtOnce || bytes_ + size > kBytesAtOnce)) {
      RETURN_IF_ERROR(FlushRows(last));
    }
  }
  bytes_ += row.key().size() + row.value().size();
  rows_.push_back(row);
  return absl::OkStatus();
}

absl::Status Importer::Complete(int64_t revision) {
  const int64_t last = rows_.empty() ? head_.revision : rows_.back().mod_revision();
  const int64_t end = std::max(last, compact_revision_);
  if (end != revision) {
    return absl::DataLossError(
        Concat("the source ends at revision ", end, " and says that it is at ", revision));
  }
  const bool compacts = head_.compact_revision < compact_revision_;
  return rows_.empty() && head_.revision == end && !compacts ? absl::OkStatus() : FlushRows(end);
}

absl::Status Importer::DeleteStrays(const std::function<bool(const KeyValue&)>& belongs) {
  ASSIGN_OR_RETURN(const Contents contents, Contents::Read(*database_, Contents::Of::kImport));
  std::vector<sql::RowId> strays;
  RETURN_IF_ERROR(contents.Visit(*database_, [&](const KeyValue& row) {
    if (!belongs(row)) strays.push_back({row.mod_revision(), row.sub()});
    return absl::OkStatus();
  }));
  for (size_t begin = 0; begin < strays.size(); begin += kDeletedAtOnce) {
    const size_t count = std::min(kDeletedAtOnce, strays.size() - begin);
    RETURN_IF_ERROR(database_->DeleteRows(std::span(strays).subspan(begin, count)));
  }
  return absl::OkStatus();
}

absl::Status Importer::Publish() {
  return Flush(head_.revision, {}, {sql::DropMeta{kOriginName}}, kFormat);
}

absl::Status Importer::FlushRows(int64_t last_revision) {
  RETURN_IF_ERROR(Flush(last_revision, {}, {}, kUnfinished));
  rows_.clear();
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status Importer::Flush(int64_t last_revision, const std::vector<Op>& ops,
                             std::vector<sql::Projection> further, int64_t format) {
  Head head = head_;
  head.revision = last_revision;
  head.compact_revision =
      std::max(head_.compact_revision, std::min(last_revision, compact_revision_));
  head.gc_floor = head.compact_revision;
  RETURN_IF_ERROR(writer_.Append(
      *database_, head_,
      {.rows = rows_, .ops = ops, .projections = std::move(further), .format = format}, head));
  head_ = head;
  return absl::OkStatus();
}

}  // namespace kvshim::log
