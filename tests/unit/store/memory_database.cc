#include "unit/store/memory_database.h"

#include <chrono>
#include <utility>
#include <variant>

#include "base/status.h"
#include "sql/error.h"

namespace kvshim::store {
namespace {

using base::MutexLock;

absl::Status Away() { return sql::MakeError(sql::ErrorKind::kIo, "the database is away"); }

}  // namespace

sql::BatchRecord MemoryTables::Batch::View() const {
  sql::BatchRecord view = record;
  view.nonce = nonce;
  view.prev = prev;
  view.ops = ops;
  view.hash = hash;
  return view;
}

sql::LogRecord MemoryTables::Row::View(bool with_value) const {
  sql::LogRecord view = record;
  view.key = key;
  view.value = with_value ? std::string_view(value) : std::string_view();
  return view;
}

MemoryTables::~MemoryTables() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    threads.swap(late_);
  }
  for (std::thread& thread : threads) thread.join();
}

void MemoryTables::LoseAfter(int64_t seq) {
  MutexLock lock(mutex_);
  const int64_t revision = batches_.at(seq).record.last_revision;
  batches_.erase(batches_.upper_bound(seq), batches_.end());
  rows_.erase(rows_.lower_bound({revision + 1, 0}), rows_.end());
}

std::shared_ptr<MemoryTables> MemoryTables::Copy() {
  auto copy = std::make_shared<MemoryTables>();
  MutexLock lock(mutex_);
  MutexLock inner(copy->mutex_);
  copy->batches_ = batches_;
  copy->rows_ = rows_;
  copy->leases_ = leases_;
  copy->meta_ = meta_;
  copy->servers_ = servers_;
  copy->owner_ = owner_;
  return copy;
}

void MemoryTables::ForgetBatchesBefore(int64_t seq) {
  MutexLock lock(mutex_);
  batches_.erase(batches_.begin(), batches_.lower_bound(seq));
}

int64_t MemoryTables::newest_seq() {
  MutexLock lock(mutex_);
  return batches_.rbegin()->first;
}

absl::Status MemoryTables::Insert(const sql::AppendRequest& request) {
  const sql::BatchRecord& batch = request.batch;
  const auto before = batches_.find(batch.seq - 1);
  if (batches_.contains(batch.seq) || before == batches_.end() ||
      before->second.nonce != batch.prev || before->second.record.epoch != request.prev_epoch) {
    return sql::MakeError(sql::ErrorKind::kConflict, "the head moved");
  }
  batches_[batch.seq] = {batch, std::string(batch.nonce), std::string(batch.prev),
                         std::string(batch.ops), std::string(batch.hash)};
  for (const sql::LogRecord& row : request.rows) {
    rows_[row.id] = {row, std::string(row.key), std::string(row.value)};
  }
  for (const sql::Projection& change : request.projections) {
    if (const auto* put = std::get_if<sql::PutLease>(&change)) {
      leases_[put->id] = {.id = put->id, .ttl = put->ttl};
    } else if (const auto* drop = std::get_if<sql::DropLease>(&change)) {
      leases_.erase(drop->id);
    } else if (const auto* put_meta = std::get_if<sql::PutMeta>(&change)) {
      meta_[put_meta->name] = put_meta->value;
    } else if (const auto* drop_meta = std::get_if<sql::DropMeta>(&change)) {
      meta_.erase(drop_meta->name);
    }
  }
  batches_.erase(batches_.begin(), batches_.lower_bound(request.prune_through));
  return absl::OkStatus();
}

// The request's bytes are copied: its owner is told at once that they are lost.
void MemoryTables::InsertLater(const sql::AppendRequest& request) {
  auto batch = std::make_shared<Batch>(
      Batch{request.batch, std::string(request.batch.nonce), std::string(request.batch.prev),
            std::string(request.batch.ops), std::string(request.batch.hash)});
  auto kept = std::make_shared<std::vector<Row>>();
  for (const sql::LogRecord& row : request.rows) {
    kept->push_back({row, std::string(row.key), std::string(row.value)});
  }
  auto projections = std::make_shared<std::vector<sql::Projection>>(request.projections.begin(),
                                                                    request.projections.end());
  const int64_t epoch = request.prev_epoch;
  MutexLock lock(mutex_);
  late_.emplace_back([this, batch, kept, projections, epoch] {
    std::this_thread::sleep_for(std::chrono::milliseconds(batch->record.seq % 7));
    std::vector<sql::LogRecord> views;
    for (const Row& row : *kept) views.push_back(row.View(true));
    MutexLock inner(mutex_);
    Insert(
        {.batch = batch->View(), .prev_epoch = epoch, .rows = views, .projections = *projections})
        .IgnoreError();
  });
}

absl::Status MemoryDatabase::Reading() const {
  return refused_.load() || faults_->read_fails() ? Away() : absl::OkStatus();
}

void MemoryDatabase::RefuseBefore(const sql::Lineage& lineage) {
  refused_.store(faults_->lineage.IsReplacedBy(lineage));
}

absl::Status MemoryDatabase::Prepare(const sql::Genesis& genesis) {
  MutexLock lock(tables_->mutex_);
  if (!tables_->batches_.empty()) return absl::OkStatus();
  const sql::BatchRecord& batch = genesis.batch;
  tables_->batches_[1] = {batch, std::string(batch.nonce), std::string(batch.prev),
                          std::string(batch.ops), std::string(batch.hash)};
  for (const sql::PutMeta& put : genesis.meta) tables_->meta_[put.name] = put.value;
  return absl::OkStatus();
}

absl::Status MemoryDatabase::Append(const sql::AppendRequest& request) {
  const CommitFault fault = refused_.load() ? CommitFault::kNotReached : faults_->commit();
  const auto doubtful = [] {
    return sql::MakeError(sql::ErrorKind::kAmbiguous, "the connection was lost");
  };
  if (fault == CommitFault::kNotReached) {
    Unlock();
    return Away();
  }
  if (request.meanwhile) request.meanwhile();
  if (fault == CommitFault::kLostRequest) {
    Unlock();
    return doubtful();
  }
  if (fault == CommitFault::kLateArrival) {
    Unlock();
    tables_->InsertLater(request);
    return doubtful();
  }
  absl::Status status;
  {
    MutexLock lock(tables_->mutex_);
    while (tables_->turn_ != nullptr && tables_->turn_ != this) {
      tables_->turn_free_.Wait(tables_->mutex_);
    }
    status = tables_->Insert(request);
  }
  Unlock();
  return status.ok() && fault == CommitFault::kLostAnswer ? doubtful() : status;
}

absl::Status MemoryDatabase::Load(sql::TableVisitor& visitor) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  RETURN_IF_ERROR(visitor.OnHead(tables_->batches_.rbegin()->second.View()));
  for (const auto& [name, value] : tables_->meta_) RETURN_IF_ERROR(visitor.OnMeta(name, value));
  for (const auto& [id, lease] : tables_->leases_) RETURN_IF_ERROR(visitor.OnLease(lease));
  for (const auto& [id, row] : tables_->rows_) visitor.OnRow(row.View(false));
  return absl::OkStatus();
}

absl::Status MemoryDatabase::ReadHead(const std::function<void(const sql::BatchRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  visit(tables_->batches_.rbegin()->second.View());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> MemoryDatabase::ReadMeta(std::string_view name) {
  MutexLock lock(tables_->mutex_);
  const auto found = tables_->meta_.find(name);
  if (found == tables_->meta_.end()) return std::nullopt;
  return found->second;
}

absl::Status MemoryDatabase::Fetch(
    std::span<const sql::RowId> ids,
    const std::function<void(size_t, const sql::LogRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = tables_->rows_.find(ids[i]);
    if (found != tables_->rows_.end()) visit(i, found->second.View(true));
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::ReadRows(int64_t from, int64_t to,
                                      const std::function<bool(const sql::LogRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (auto it = tables_->rows_.lower_bound({from, 0});
       it != tables_->rows_.end() && it->first.revision <= to; ++it) {
    if (!visit(it->second.View(true))) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::ReadBatches(
    int64_t from, int64_t limit, const std::function<bool(const sql::BatchRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (auto it = tables_->batches_.lower_bound(from); it != tables_->batches_.end() && limit > 0;
       ++it, --limit) {
    if (!visit(it->second.View())) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::ReadRowsWithoutValues(
    sql::RowId after, int64_t to, int64_t limit,
    const std::function<void(const sql::LogRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (auto it = tables_->rows_.upper_bound(after);
       it != tables_->rows_.end() && it->first.revision <= to && limit > 0; ++it, --limit) {
    visit(it->second.View(false));
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::DeleteRows(std::span<const sql::RowId> ids) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (const sql::RowId& id : ids) tables_->rows_.erase(id);
  return absl::OkStatus();
}

absl::Status MemoryDatabase::Lock() {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  while (tables_->turn_ != nullptr && tables_->turn_ != this) {
    tables_->turn_free_.Wait(tables_->mutex_);
  }
  tables_->turn_ = this;
  return absl::OkStatus();
}

void MemoryDatabase::Unlock() {
  MutexLock lock(tables_->mutex_);
  if (tables_->turn_ != this) return;
  tables_->turn_ = nullptr;
  tables_->turn_free_.NotifyAll();
}

absl::Status MemoryDatabase::LockLeases(std::span<const int64_t> ids,
                                        const std::function<void(const sql::LeaseRecord&)>& visit) {
  MutexLock lock(tables_->mutex_);
  for (const int64_t id : ids) {
    const auto found = tables_->leases_.find(id);
    if (found != tables_->leases_.end()) visit(found->second);
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::RenewLeases(
    std::span<const int64_t> ids, const std::function<void(const sql::LeaseRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (const int64_t id : ids) {
    const auto found = tables_->leases_.find(id);
    if (found == tables_->leases_.end()) continue;
    ++found->second.renew;
    visit(found->second);
  }
  return absl::OkStatus();
}

absl::Status MemoryDatabase::ReadLeases(const std::function<void(const sql::LeaseRecord&)>& visit) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  for (const auto& [id, lease] : tables_->leases_) visit(lease);
  return absl::OkStatus();
}

absl::StatusOr<sql::Membership> MemoryDatabase::Beat(const sql::ServerRecord& self) {
  RETURN_IF_ERROR(Reading());
  MutexLock lock(tables_->mutex_);
  tables_->servers_[self.id] = self;
  sql::Membership members{.owner = tables_->owner_};
  for (const auto& [id, server] : tables_->servers_) members.servers.push_back(server);
  return members;
}

absl::StatusOr<bool> MemoryDatabase::ReplaceOwner(const sql::OwnerRecord& seen,
                                                  const sql::OwnerRecord& next) {
  MutexLock lock(tables_->mutex_);
  if (tables_->owner_ != seen) return false;
  tables_->owner_ = next;
  return true;
}

absl::Status MemoryDatabase::RemoveServer(int64_t id, int64_t beat) {
  MutexLock lock(tables_->mutex_);
  const auto found = tables_->servers_.find(id);
  if (found != tables_->servers_.end() && found->second.beat == beat)
    tables_->servers_.erase(found);
  return absl::OkStatus();
}

}  // namespace kvshim::store
