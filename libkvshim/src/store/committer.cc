#include "store/committer.h"

#include <pthread.h>

#include <utility>

#include "base/logger.h"
#include "mvcc/errors.h"
#include "sql/error.h"

namespace kvshim::store {

Committer::Committer(Parts parts, const StoreOptions& options, const log::Head& head,
                     std::function<void(const OpenBatch&)> on_applied)
    : parts_(parts),
      options_(options),
      on_applied_(std::move(on_applied)),
      quota_(parts.log, options.quota_bytes),
      head_(head),
      sequence_(static_cast<uint64_t>(head.seq)),
      proposals_committed_(parts.metrics.AddCounter("etcd_server_proposals_committed_total",
                                                    "The total number of proposals committed.")),
      proposals_failed_(parts.metrics.AddCounter("etcd_server_proposals_failed_total",
                                                 "The total number of failed proposals seen.")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-committer");
}

void Committer::Submit(std::unique_ptr<Proposal> proposal) {
  proposal->queued_at = parts_.clock.Now();
  absl::Status refused;
  {
    base::MutexLock lock(mutex_);
    if (stopping_) {
      refused = mvcc::Stopped();
    } else if (waiting_.load(std::memory_order_relaxed) >= options_.max_queued_writes) {
      refused = mvcc::TooManyRequests();
    } else {
      waiting_.fetch_add(1, std::memory_order_relaxed);
      queue_.push_back(std::move(proposal));
      if (queue_.size() == 1) changed_.NotifyOne();
      return;
    }
  }
  proposals_failed_.Increment();
  proposal->Refuse(std::move(refused));
  proposal->Answer(absl::OkStatus());
}

void Committer::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

size_t Committer::queued() const { return waiting_.load(std::memory_order_relaxed); }

bool Committer::TakeQueued() {
  base::MutexLock lock(mutex_);
  while (queue_.empty() && pending_.empty() && !stopping_) changed_.Wait(mutex_);
  for (auto& proposal : queue_) pending_.push_back(std::move(proposal));
  queue_.clear();
  return !pending_.empty();
}

void Committer::Run() {
  while (TakeQueued()) {
    OpenBatch batch{.writes = mvcc::WriteBatch(parts_.index.revision(), batch.leases),
                    .leases = lease::LeaseBatch(parts_.lessor),
                    .compact_revision = head_.compact_revision,
                    .gc_floor = head_.gc_floor};
    Proposals proposals = Fill(batch);
    waiting_.fetch_sub(proposals.size(), std::memory_order_relaxed);
    Commit(batch, std::move(proposals));
  }
}

Committer::Proposals Committer::Fill(OpenBatch& batch) {
  Proposals taken;
  const base::TimePoint too_old = parts_.clock.Now() - options_.request_timeout;
  while (!pending_.empty() && batch.writes.changes().size() < options_.max_batch_rows &&
         batch.writes.bytes() < options_.max_batch_bytes) {
    Proposal& proposal = *pending_.front();
    if (proposal.needs_empty_batch && !batch.empty()) break;
    absl::Status refused;
    if (proposal.queued_at < too_old) {
      refused = mvcc::TimedOut();
    } else if (parts_.alarms.corrupt() && !proposal.despite_corruption) {
      refused = mvcc::Corrupt();
    } else if (proposal.needs_space && parts_.alarms.no_space()) {
      refused = mvcc::NoSpace();
    } else if (proposal.needs_space && !quota_.HasRoom(proposal.bytes)) {
      refused = mvcc::NoSpace();
      if (batch.alarms.empty()) {
        base::Log(base::Level::kWarning,
                  "the database has reached its quota; puts are refused until space is made and "
                  "the alarm is disarmed",
                  {{"quota_bytes", options_.quota_bytes}});
        batch.alarms.push_back(log::SetAlarm{.member_id = parts_.log.identity().member_id,
                                             .type = static_cast<int32_t>(AlarmType::kNoSpace)});
      }
    } else {
      refused = Evaluate(proposal, batch);
    }
    if (!refused.ok()) {
      proposals_failed_.Increment();
      proposal.Refuse(std::move(refused));
    }
    taken.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  return taken;
}

absl::Status Committer::Evaluate(Proposal& proposal, OpenBatch& batch) {
  const auto mark = batch.writes.mark();
  const size_t lease_changes = batch.leases.changes().size();
  mvcc::Values values;
  while (true) {
    {
      mvcc::Index::View view(parts_.index);
      proposal.Evaluate(batch, view, values);
    }
    if (values.wanted().empty()) return absl::OkStatus();
    batch.writes.RollBack(mark);
    batch.leases.Truncate(lease_changes);
    if (absl::Status fetched = parts_.reader.Fetch(values); !fetched.ok()) return fetched;
  }
}

log::Batch Committer::LogBatch(const OpenBatch& batch) const {
  log::Batch out;
  out.rows = batch.writes.changes();
  for (const lease::LeaseChange& change : batch.leases.changes()) {
    if (change.revoke) {
      out.ops.emplace_back(log::LeaseRevoke{.id = change.lease.id});
    } else {
      out.ops.emplace_back(log::LeaseGrant{.id = change.lease.id, .ttl = change.lease.ttl});
    }
  }
  out.ops.insert(out.ops.end(), batch.alarms.begin(), batch.alarms.end());
  out.compact_revision = batch.compact_revision;
  out.gc_floor = batch.gc_floor;
  return out;
}

void Committer::Commit(OpenBatch& batch, Proposals proposals) {
  Publisher::Delivery delivery;
  delivery.answered = std::move(proposals);
  if (!batch.empty()) {
    const log::AppendResult result = parts_.log.Append(head_, LogBatch(batch));
    if (result.outcome == log::Outcome::kCommitted) {
      proposals_committed_.Increment(static_cast<double>(delivery.answered.size()));
      Apply(batch, result.head);
      const bool with_previous = parts_.hub.wants_prev_kv();
      const auto& changes = batch.writes.changes();
      delivery.events.reserve(changes.size());
      for (size_t i = 0; i < changes.size(); ++i) {
        delivery.events.emplace_back(changes[i],
                                     with_previous ? batch.writes.previous()[i] : KeyValue());
      }
    } else {
      proposals_failed_.Increment(static_cast<double>(delivery.answered.size()));
      delivery.failure = FailureOf(result);
    }
  }
  parts_.publisher.Publish(std::move(delivery));
}

void Committer::Apply(OpenBatch& batch, const log::Head& head) {
  head_ = head;
  sequence_.store(static_cast<uint64_t>(head.seq), std::memory_order_relaxed);
  if (!batch.writes.empty()) parts_.index.Apply(batch.writes.changes(), head.revision);
  if (batch.compacts) parts_.index.Compact(head.compact_revision);
  batch.leases.Apply();
  for (const log::Op& op : batch.alarms) {
    if (const auto* set = std::get_if<log::SetAlarm>(&op)) {
      parts_.alarms.Set({set->member_id, static_cast<AlarmType>(set->type)});
    } else if (const auto* clear = std::get_if<log::ClearAlarm>(&op)) {
      parts_.alarms.Clear({clear->member_id, static_cast<AlarmType>(clear->type)});
    }
  }
  on_applied_(batch);
}

absl::Status Committer::FailureOf(const log::AppendResult& result) {
  static base::LogLimiter limiter(std::chrono::seconds(1));
  if (limiter.Allow()) {
    base::Log(base::Level::kError, "a commit failed",
              {{"database", parts_.log.name()}, {"error", result.status}});
  }
  switch (result.outcome) {
    case log::Outcome::kAmbiguous:
    case log::Outcome::kConflict:
      // Memory may be behind the file, or the file is somebody else's now. Only opening it again
      // tells, and until then nothing may be said.
      options_.on_fatal(
          absl::Status(result.status.code(),
                       "it is not known what the database holds, it must be opened again: " +
                           std::string(result.status.message())));
      return mvcc::TimedOut();
    default:
      break;
  }
  switch (sql::KindOf(result.status)) {
    case sql::ErrorKind::kFull:
      return mvcc::NoSpace();
    case sql::ErrorKind::kCorrupt:
      return mvcc::Corrupt();
    case sql::ErrorKind::kBusy:
    case sql::ErrorKind::kIo:
    case sql::ErrorKind::kReadOnly:
    case sql::ErrorKind::kPermission:
      return mvcc::Unhealthy();
    default:
      return result.status;
  }
}

}  // namespace kvshim::store
