#include "store/committer.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "base/strings.h"
#include "log/chain.h"
#include "mvcc/errors.h"
#include "sql/error.h"
#include "sql/shared_database.h"

namespace kvshim::store {
namespace {

// Gathering waits for a fraction of a millisecond.
constexpr std::chrono::microseconds kTimerSlack{1};

// A row of our own may be waited for so often before it counts as damage.
constexpr int kFetchRounds = 3;

bool IsAway(const absl::Status& status) {
  switch (sql::KindOf(status)) {
    case sql::ErrorKind::kIo:
    case sql::ErrorKind::kBusy:
    case sql::ErrorKind::kAmbiguous:
    case sql::ErrorKind::kReadOnly:
    case sql::ErrorKind::kStopped:
      return true;
    default:
      return false;
  }
}

absl::Status Unclear(const absl::Status& why) {
  return absl::Status(why.code(),
                      "it is not known what the database holds, it must be opened again: " +
                          std::string(why.message()));
}

}  // namespace

Committer::Committer(Parts parts, const StoreOptions& options)
    : parts_(parts),
      options_(options),
      shared_(parts.log.shared()),
      quota_(parts.log, QuotaOf(options, parts.log)),
      proposals_committed_(parts.metrics.AddCounter("etcd_server_proposals_committed_total",
                                                    "The total number of proposals committed.")),
      proposals_failed_(parts.metrics.AddCounter("etcd_server_proposals_failed_total",
                                                 "The total number of failed proposals seen.")),
      conflicts_(parts.metrics.AddCounter("kvshim_commit_conflicts_total",
                                          "Commits that another server's came before.")),
      foreign_batches_(parts.metrics.AddCounter("kvshim_foreign_batches_total",
                                                "Batches of other servers that were applied.")),
      relay_(
          [this] {
            base::MutexLock lock(mutex_);
            if (!std::exchange(words_, true)) changed_.NotifyOne();
          },
          parts.metrics),
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
      if (queue_.size() == wake_at_) changed_.NotifyOne();
      return;
    }
  }
  proposals_failed_.Increment();
  proposal->Refuse(std::move(refused));
  proposal->Answer(absl::OkStatus());
}

void Committer::Nudge(int64_t seq) {
  if (parts_.replica.sequence() >= seq) return;
  base::MutexLock lock(mutex_);
  if (std::exchange(news_, true)) return;
  changed_.NotifyOne();
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

// The thread --------------------------------------------------------------------------------------

void Committer::Run() {
  prctl(PR_SET_TIMERSLACK, std::chrono::nanoseconds(kTimerSlack).count());
  Contact();
  while (Await()) {
    AnswerTimedOut();
    if (shared_ != nullptr) {
      bool news, words;
      {
        base::MutexLock lock(mutex_);
        news = std::exchange(news_, false);
        words = std::exchange(words_, false);
      }
      if (words) HearOwner();
      relay_.CheckAlive(base::Clock::Real().Now());
      const Doubt::Claims claims = parts_.doubt.Taken();
      const bool look = news || !claims.empty() || base::Clock::Real().Now() >= poll_at_;
      if (look && !CatchUp()) continue;
      AnswerApplied();
      if (!HistoryStands(claims)) continue;
    }
    if (pending_.empty() || RelayPending()) continue;
    // Who waits for its turn gathers meanwhile.
    if (shared_ == nullptr || !WantsTurn()) Gather();
    CommitOnce();
  }
  if (shared_ != nullptr) parts_.known_head.Keep(parts_.replica.head());
}

bool Committer::Await() {
  base::MutexLock lock(mutex_);
  while (true) {
    TakeQueued();
    if (words_) return true;
    const base::TimePoint now = base::Clock::Real().Now();
    if (stopping_ && (pending_.empty() || now < retry_at_)) {
      // What could not be committed by now is refused by Answer.
      Answer(relay_.TakeAll(), mvcc::Stopped());
      Answer(std::exchange(answered_, {}), mvcc::Stopped());
      Answer(Proposals(std::make_move_iterator(pending_.begin()),
                       std::make_move_iterator(pending_.end())),
             mvcc::Stopped());
      pending_.clear();
      return false;
    }
    if (shared_ == nullptr) {
      if (!pending_.empty()) return true;
      changed_.Wait(mutex_);
      continue;
    }
    if (now >= retry_at_ && (!pending_.empty() || news_ || now >= poll_at_)) return true;
    base::TimePoint until = std::max(retry_at_, pending_.empty() ? poll_at_ : now);
    if (const auto dead = relay_.deadline(); dead.has_value()) {
      if (now >= *dead) return true;
      until = std::min(until, *dead);
    }
    if (!pending_.empty()) {
      // Also where nothing can be tried, some may have to be told that their time is over.
      const base::TimePoint over = pending_.front()->queued_at + options_.request_timeout;
      if (parts_.clock.Now() > over) return true;
      until = std::min(until, now + (over - parts_.clock.Now()) + std::chrono::milliseconds(1));
    }
    changed_.WaitUntil(mutex_, until);
  }
}

void Committer::TakeQueued() {
  for (auto& proposal : queue_) pending_.push_back(std::move(proposal));
  queue_.clear();
}

void Committer::Gather() {
  base::MutexLock lock(mutex_);
  TakeQueued();
  const auto until = gathering_.Begin(pending_.size(), base::Clock::Real().Now());
  if (!until.has_value()) return;
  wake_at_ = gathering_.target() - pending_.size();
  while (!stopping_ && queue_.size() < wake_at_ && changed_.WaitUntil(mutex_, *until)) {
  }
  wake_at_ = 1;
  TakeQueued();
  gathering_.Ended(pending_.size(), base::Clock::Real().Now());
}

void Committer::AnswerTimedOut() {
  const base::TimePoint too_old = parts_.clock.Now() - options_.request_timeout;
  Proposals late;
  while (!pending_.empty() && pending_.front()->queued_at < too_old) {
    late.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  std::ranges::move(relay_.TakeLate(too_old), std::back_inserter(late));
  if (!answered_.empty() && answered_.front()->queued_at < too_old) {
    // Committed, but nothing shows it here.
    std::ranges::move(std::exchange(answered_, {}), std::back_inserter(late));
  }
  if (!late.empty()) Answer(std::move(late), mvcc::TimedOut());
}

void Committer::Answer(Proposals proposals, const absl::Status& failure) {
  if (proposals.empty()) return;
  waiting_.fetch_sub(proposals.size(), std::memory_order_relaxed);
  if (failure.ok()) {
    proposals_committed_.Increment(static_cast<double>(proposals.size()));
  } else {
    proposals_failed_.Increment(static_cast<double>(proposals.size()));
  }
  parts_.publisher.Publish({.answered = std::move(proposals), .failure = failure});
}

void Committer::PutBack(Proposals proposals) {
  pending_.insert(pending_.begin(), std::make_move_iterator(proposals.begin()),
                  std::make_move_iterator(proposals.end()));
}

// A group commit ----------------------------------------------------------------------------------

void Committer::CommitOnce() {
  const bool in_turn = shared_ != nullptr && WantsTurn();
  if (in_turn && !TakeTurn()) return;
  const log::Head& head = parts_.replica.head();
  Round round{.batch = {.writes = mvcc::WriteBatch(head.revision, round.batch.leases),
                        .leases = lease::LeaseBatch(parts_.lessor),
                        .compact_revision = head.compact_revision,
                        .gc_floor = head.gc_floor}};
  round.proposals = Fill(round.batch);
  if (round.batch.empty()) {
    AnswerUnwritten(round, in_turn);
    if (in_turn) shared_->Unlock();
    return;
  }
  round.log_batch = LogBatch(round.batch);
  const log::AppendResult result = parts_.log.Append(
      head, round.log_batch,
      [&](const log::Head& attempted) { parts_.send_ahead(attempted, round.log_batch); });
  switch (result.outcome) {
    case log::Outcome::kCommitted:
      Committed(round, result.head);
      return;
    case log::Outcome::kAmbiguous:
      if (shared_ == nullptr) {
        // Memory may be behind the file. Only opening it again tells.
        Fatal(Unclear(result.status));
        Answer(std::move(round.proposals), mvcc::TimedOut());
        return;
      }
      Settle(round, result.head);
      return;
    case log::Outcome::kConflict:
      if (shared_ == nullptr) {
        // The file is somebody else's now.
        Fatal(Unclear(result.status));
        Answer(std::move(round.proposals), mvcc::TimedOut());
        return;
      }
      conflicts_.Increment();
      ++losses_;
      relay_.Met(base::Clock::Real().Now());
      PutBack(std::move(round.proposals));
      CatchUp();
      return;
    case log::Outcome::kFailed:
      Failed(round, result.status);
      return;
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
                  {{"quota_bytes", QuotaOf(options_, parts_.log)}});
        batch.alarms.push_back(log::SetAlarm{.member_id = parts_.member_id,
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
  for (int round = 0;; ++round) {
    {
      mvcc::Index::View view(parts_.index);
      proposal.Evaluate(batch, view, values);
    }
    if (values.wanted().empty()) return absl::OkStatus();
    batch.writes.RollBack(mark);
    batch.leases.Truncate(lease_changes);
    if (round == kFetchRounds) return mvcc::Corrupt();
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

void Committer::Committed(Round& round, const log::Head& head) {
  // Other servers have clients that wait for it, too, and a longer way.
  if (shared_ != nullptr) parts_.announce(head);
  parts_.replica.Apply(head, round.log_batch.rows, round.log_batch.ops);
  Publisher::Delivery delivery;
  const bool with_previous = parts_.hub.wants_prev_kv();
  const auto& changes = round.batch.writes.changes();
  delivery.events.reserve(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    delivery.events.emplace_back(changes[i],
                                 with_previous ? round.batch.writes.previous()[i] : KeyValue());
  }
  const base::TimePoint now = base::Clock::Real().Now();
  const size_t size = round.proposals.size();
  const size_t behind = waiting_.fetch_sub(size, std::memory_order_relaxed) - size;
  gathering_.Committed(size, behind, now - round.begun, now);
  proposals_committed_.Increment(static_cast<double>(size));
  delivery.answered = std::move(round.proposals);
  // It is in this database, which may not be the one that counts.
  if (parts_.doubt.raised()) delivery.failure = mvcc::TimedOut();
  if (behind == 0) {
    parts_.publisher.PublishHere(std::move(delivery));
  } else {
    parts_.publisher.Publish(std::move(delivery));
  }
  if (shared_ == nullptr) return;
  losses_ = 0;
  if (turns_ && std::exchange(met_others_, false)) {
    calm_turns_ = 0;
  } else if (turns_ && ++calm_turns_ >= 4) {
    turns_ = false;
  }
  Contact();
}

void Committer::AnswerUnwritten(Round& round, bool in_turn) {
  if (shared_ != nullptr && !in_turn) {
    // What was evaluated is the newest only if nobody has committed since.
    const absl::StatusOr<log::Head> newest = parts_.log.ReadHead();
    if (!newest.ok() || newest->nonce != parts_.replica.head().nonce) {
      PutBack(std::move(round.proposals));
      if (newest.ok()) {
        CatchUp();
      } else {
        BackOff(newest.status());
      }
      return;
    }
  }
  Answer(std::move(round.proposals), absl::OkStatus());
}

void Committer::Failed(Round& round, const absl::Status& status) {
  if (shared_ != nullptr && IsAway(status)) {
    PutBack(std::move(round.proposals));
    BackOff(status);
    return;
  }
  static base::LogLimiter limiter(std::chrono::seconds(1));
  if (limiter.Allow()) {
    base::Log(base::Level::kError, "a commit failed",
              {{"database", parts_.log.name()}, {"error", status}});
  }
  absl::Status failure = status;
  switch (sql::KindOf(status)) {
    case sql::ErrorKind::kFull:
      failure = mvcc::NoSpace();
      break;
    case sql::ErrorKind::kCorrupt:
      failure = mvcc::Corrupt();
      break;
    case sql::ErrorKind::kBusy:
    case sql::ErrorKind::kIo:
    case sql::ErrorKind::kReadOnly:
    case sql::ErrorKind::kPermission:
      failure = mvcc::Unhealthy();
      break;
    default:
      break;
  }
  Answer(std::move(round.proposals), failure);
}

void Committer::Settle(Round& round, const log::Head& attempted) {
  const base::TimePoint answer_by = parts_.clock.Now() + options_.request_timeout;
  while (true) {
    const absl::StatusOr<log::Resolution> resolution =
        parts_.log.Resolve(parts_.replica.head(), attempted);
    if (resolution.ok()) {
      base::Log(
          base::Level::kInfo, "found out what became of a commit",
          {{"seq", attempted.seq}, {"committed", *resolution == log::Resolution::kCommitted}});
      Contact();
      if (*resolution == log::Resolution::kCommitted) return Committed(round, attempted);
      if (*resolution == log::Resolution::kDead) {
        PutBack(std::move(round.proposals));
      } else {
        Answer(std::move(round.proposals), mvcc::TimedOut());
      }
      CatchUp();
      return;
    }
    BackOff(resolution.status());
    bool stopping;
    {
      base::MutexLock lock(mutex_);
      TakeQueued();
      stopping = stopping_;
      if (!stopping) changed_.WaitUntil(mutex_, retry_at_);
    }
    AnswerTimedOut();
    if (stopping || parts_.clock.Now() >= answer_by) {
      Answer(std::exchange(round.proposals, {}), mvcc::TimedOut());
    }
    if (stopping) return;
  }
}

void Committer::BackOff(const absl::Status& why) {
  constexpr base::Duration kFirst = std::chrono::milliseconds(20);
  constexpr base::Duration kLast = std::chrono::seconds(1);
  // What comes back may be a copy that lagged behind.
  if (pause_ == base::Duration(0)) parts_.known_head.Keep(parts_.replica.head());
  pause_ = pause_ == base::Duration(0) ? kFirst : std::min(pause_ * 2, kLast);
  retry_at_ = base::Clock::Real().Now() + pause_;
  static base::LogLimiter limiter(std::chrono::seconds(2));
  if (limiter.Allow()) {
    base::Log(base::Level::kWarning, "the database is away; requests wait for it",
              {{"database", parts_.log.name()}, {"error", why}});
  }
}

void Committer::Contact() {
  constexpr base::Duration kPollFirst = std::chrono::milliseconds(100);
  constexpr base::Duration kPollLast = std::chrono::seconds(1);
  const bool active = std::exchange(met_others_, met_others_ && turns_);
  poll_every_ = active || poll_every_ == base::Duration(0) ? kPollFirst
                                                           : std::min(poll_every_ * 2, kPollLast);
  poll_at_ = base::Clock::Real().Now() + poll_every_;
  if (shared_ != nullptr) parts_.known_head.Note(parts_.replica.head());
  pause_ = {};
  retry_at_ = {};
  forked_since_.reset();
}

void Committer::Fatal(const absl::Status& why) { options_.on_fatal(why); }

}  // namespace kvshim::store
