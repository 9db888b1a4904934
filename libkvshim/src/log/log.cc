#include "log/log.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "log/backend.h"
#include "log/chain.h"
#include "log/chain_writer.h"
#include "log/format.h"
#include "log/projection.h"
#include "log/record.h"
#include "sql/database.h"
#include "sql/error.h"

namespace kvshim::log {
namespace {

using base::Concat;

// How often an append prunes old batches along.
constexpr int64_t kPruneEvery = 64;

constexpr size_t kMaxDeletedRows = 1000;

// Turns tables into what LoadVisitor tells, and refuses a log with holes.
class Loader : public sql::TableVisitor {
 public:
  Loader(LoadVisitor& visitor, const std::string& name, const Identity& identity)
      : visitor_(visitor), name_(name), identity_(identity) {}

  absl::Status OnHead(const sql::BatchRecord& batch) override {
    RETURN_IF_ERROR(CheckReadable(batch, name_));
    ASSIGN_OR_RETURN(head_, HeadOf(batch));
    dense_.emplace(head_.gc_floor);
    visitor_.OnHead(head_, identity_);
    return absl::OkStatus();
  }

  absl::Status OnMeta(std::string_view name, std::string_view value) override {
    ASSIGN_OR_RETURN(const std::optional<SetAlarm> alarm, ParseAlarm(name, value));
    // Told after the leases.
    if (alarm.has_value()) alarms_.push_back(*alarm);
    return absl::OkStatus();
  }

  absl::Status OnLease(const sql::LeaseRecord& lease) override {
    visitor_.OnLease({LeaseId{lease.id}, lease.ttl, lease.renew});
    return absl::OkStatus();
  }

  void OnRow(const sql::LogRecord& row) override {
    TellAlarms();
    if (hole_.empty()) hole_ = dense_->Add(row.id);
    visitor_.OnRow({.revision = {row.id.revision, row.id.sub},
                    .key = row.key,
                    .tombstone = row.tombstone,
                    .create_revision = row.create_revision,
                    .version = row.version,
                    .lease = LeaseId{row.lease},
                    .value_size = row.value_size});
  }

  absl::Status Finish() {
    TellAlarms();
    if (hole_.empty()) hole_ = dense_->End(head_.revision);
    if (hole_.empty()) return absl::OkStatus();
    return sql::MakeError(sql::ErrorKind::kCorrupt,
                          Concat("database ", name_, " is damaged: kv_log ", hole_,
                                 "; stop, run `kvshim check`, and restore a snapshot"));
  }

 private:
  void TellAlarms() {
    for (const SetAlarm& alarm : std::exchange(alarms_, {})) visitor_.OnAlarm(alarm);
  }

  LoadVisitor& visitor_;
  const std::string& name_;
  const Identity& identity_;
  Head head_;
  std::optional<DenseRevisions> dense_;
  std::string hole_;
  std::vector<SetAlarm> alarms_;
};

// Whether `batch` may follow `tip`; batch.h has the rules.
absl::Status Validate(const Head& tip, const Batch& batch) {
  int64_t revision = tip.revision;
  uint32_t next_sub = 0;
  for (const KeyValue& row : batch.rows) {
    if (row.mod_revision() == revision + 1 && row.sub() == 0) {
      revision = row.mod_revision();
    } else if (row.mod_revision() != revision || revision == tip.revision ||
               row.sub() != next_sub) {
      return absl::InvalidArgumentError(Concat("a batch at revision ", tip.revision,
                                               " has the row (", row.mod_revision(), ", ",
                                               row.sub(), ") out of order"));
    }
    next_sub = row.sub() + 1;
    if (row.sub() >= sql::kMaxSubs) {
      return absl::ResourceExhaustedError(
          Concat("one revision can change ", sql::kMaxSubs, " keys at most"));
    }
  }
  const int64_t compact = std::max(batch.compact_revision, tip.compact_revision);
  if ((batch.compact_revision != 0 && batch.compact_revision < tip.compact_revision) ||
      (batch.gc_floor != 0 && batch.gc_floor < tip.gc_floor) || batch.gc_floor > compact ||
      compact > std::max(revision, tip.revision)) {
    return absl::InvalidArgumentError(Concat("a batch at revision ", revision, " compacts at ",
                                             batch.compact_revision, " and deletes up to ",
                                             batch.gc_floor, ", after ", tip.compact_revision,
                                             " and ", tip.gc_floor));
  }
  return absl::OkStatus();
}

Outcome OutcomeOf(const absl::Status& status) {
  switch (sql::KindOf(status)) {
    case sql::ErrorKind::kConflict:
      return Outcome::kConflict;
    case sql::ErrorKind::kAmbiguous:
      return Outcome::kAmbiguous;
    default:
      return Outcome::kFailed;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Log>> Log::Open(const sql::Dsn& dsn, Options options) {
  ASSIGN_OR_RETURN(std::unique_ptr<sql::Database> database,
                   OpenBackend(dsn, {.on_commit = options.on_commit,
                                     .fault = options.fault,
                                     .network = options.network}));
  return Open(std::move(database), std::move(options));
}

absl::StatusOr<std::unique_ptr<Log>> Log::Open(std::unique_ptr<sql::Database> database,
                                               Options options) {
  RETURN_IF_ERROR(PrepareBackend(*database));
  ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(*database));
  absl::Status readable;
  RETURN_IF_ERROR(database->ReadHead(
      [&](const sql::BatchRecord& batch) { readable = CheckReadable(batch, database->name()); }));
  RETURN_IF_ERROR(readable);
  std::unique_ptr<Log> log(new Log(std::move(database), std::move(options)));
  log->identity_ = identity;
  return log;
}

Log::Log(std::unique_ptr<sql::Database> database, Options options)
    : database_(std::move(database)),
      options_(std::move(options)),
      writer_(std::make_unique<ChainWriter>()),
      tail_hasher_(std::make_unique<ChainHasher>()) {}

Log::~Log() = default;

bool Log::durable() const { return database_->durable(); }

const std::string& Log::name() const { return database_->name(); }

sql::SharedDatabase* Log::shared() { return database_->shared(); }

absl::Status Log::Load(LoadVisitor& visitor) {
  Loader loader(visitor, name(), identity_);
  RETURN_IF_ERROR(database_->Load(loader));
  return loader.Finish();
}

absl::StatusOr<Head> Log::ReadHead() {
  absl::StatusOr<Head> head;
  RETURN_IF_ERROR(
      database_->ReadHead([&](const sql::BatchRecord& batch) { head = HeadOf(batch); }));
  return head;
}

AppendResult Log::Append(const Head& tip, const Batch& batch,
                         std::function<void(const Head&)> meanwhile) {
  if (absl::Status status = Validate(tip, batch); !status.ok()) {
    return {Outcome::kFailed, std::move(status), {}};
  }
  Head head = tip;
  if (!batch.rows.empty()) head.revision = batch.rows.back().mod_revision();
  head.compact_revision = std::max(tip.compact_revision, batch.compact_revision);
  head.gc_floor = std::max(tip.gc_floor, batch.gc_floor);
  return AppendAs(head, tip, batch, std::move(meanwhile));
}

AppendResult Log::BeginEpoch(const Head& tip, int64_t revision) {
  if (revision <= tip.revision) {
    return {Outcome::kFailed,
            absl::InvalidArgumentError(Concat("an epoch begins above revision ", tip.revision)),
            {}};
  }
  Head head = tip;
  head.epoch = tip.epoch + 1;
  head.revision = head.compact_revision = head.gc_floor = revision;
  return AppendAs(head, tip, {}, {});
}

AppendResult Log::AppendAs(Head head, const Head& tip, const Batch& batch,
                           std::function<void(const Head&)> meanwhile) {
  const int64_t seq = tip.seq + 1;
  absl::Status status =
      writer_->Append(*database_, tip,
                      {.rows = batch.rows,
                       .ops = batch.ops,
                       .writer = options_.writer,
                       .prune_through = seq % kPruneEvery == 0 ? seq - options_.kept_batches : 0,
                       .meanwhile = std::move(meanwhile)},
                      head);
  if (status.ok()) return {Outcome::kCommitted, absl::OkStatus(), head};
  const Outcome outcome = OutcomeOf(status);
  return {outcome, std::move(status), head};
}

absl::StatusOr<std::optional<bool>> Log::Holds(int64_t seq, const Nonce& nonce) {
  std::optional<bool> holds = false;  // where the log ends before it
  RETURN_IF_ERROR(database_->ReadBatches(seq, 1, [&](const sql::BatchRecord& batch) {
    holds = batch.seq == seq ? std::optional(batch.nonce == AsView(nonce)) : std::nullopt;
    return false;
  }));
  return holds;
}

absl::StatusOr<std::vector<std::optional<KeyValue>>> Log::Fetch(
    std::span<const mvcc::Revision> revisions) {
  std::vector<sql::RowId> ids;
  ids.reserve(revisions.size());
  for (const mvcc::Revision& revision : revisions) ids.push_back({revision.main, revision.sub});
  std::vector<std::optional<KeyValue>> found(revisions.size());
  absl::Status damage;
  RETURN_IF_ERROR(database_->Fetch(ids, [&](size_t i, const sql::LogRecord& record) {
    if (damage.ok()) damage = CheckRecord(record, name());
    found[i] = KeyValueOf(record);
  }));
  RETURN_IF_ERROR(damage);
  return found;
}

absl::StatusOr<bool> Log::ListDeletable(
    mvcc::Revision after, size_t limit,
    const std::function<void(mvcc::Revision, std::string_view key)>& visit) {
  ASSIGN_OR_RETURN(const Head head, ReadHead());
  size_t listed = 0;
  RETURN_IF_ERROR(database_->ReadRowsWithoutValues({after.main, after.sub}, head.gc_floor,
                                                   static_cast<int64_t>(limit),
                                                   [&](const sql::LogRecord& row) {
                                                     ++listed;
                                                     visit({row.id.revision, row.id.sub}, row.key);
                                                   }));
  return listed == limit;
}

absl::Status Log::DeleteRows(std::span<const mvcc::Revision> revisions) {
  if (revisions.size() > kMaxDeletedRows) {
    return absl::InvalidArgumentError(
        Concat(revisions.size(), " rows to delete at once; the most is ", kMaxDeletedRows));
  }
  std::vector<sql::RowId> ids;
  ids.reserve(revisions.size());
  for (const mvcc::Revision& revision : revisions) ids.push_back({revision.main, revision.sub});
  return database_->DeleteRows(ids);
}

absl::Status Log::ScanRows(int64_t from, int64_t to, std::function<bool(const KeyValue&)> visit) {
  absl::Status damage;
  RETURN_IF_ERROR(database_->ReadRows(from, to, [&](const sql::LogRecord& record) {
    damage = CheckRecord(record, name());
    return damage.ok() && visit(KeyValueOf(record));
  }));
  return damage;
}

absl::StatusOr<sql::DatabaseSize> Log::Size() { return database_->Size(); }

absl::StatusOr<int64_t> Log::Vacuum(int64_t max_pages) { return database_->Vacuum(max_pages); }

absl::Status Log::Defragment() { return database_->Defragment(); }

absl::Status Log::Checkpoint() { return database_->Checkpoint(); }

sql::Statistics Log::Stats() const { return database_->Stats(); }

}  // namespace kvshim::log
