// Committer: the part about other servers that write to the same database: turns, relays, reading
// on, and histories that do not fit together.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/logger.h"
#include "base/strings.h"
#include "log/chain.h"
#include "mvcc/errors.h"
#include "sql/error.h"
#include "sql/shared_database.h"
#include "store/committer.h"

namespace kvshim::store {
namespace {

// How long another server's last word that its database holds its history counts.
constexpr std::chrono::seconds kClaimLasts{3};

// How long a frame for the owner waits for more to go with it.
constexpr std::chrono::microseconds kFrameGathers{150};

}  // namespace

// Turns and relays
// ---------------------------------------------------------------------------------

// The owner's batch is durable where the owner is; that must be where this server is. While its
// database is away it may be coming back as another one, which has what the owner does not.
bool Committer::IsOfThisHistory(const PeerBatch& told) {
  if (pause_ != base::Duration(0)) return false;
  const sql::Lineage here = shared_->lineage();
  if (!here.system.empty() && !told.by.lineage.system.empty() && here != told.by.lineage) {
    return false;
  }
  const log::Head& head = parts_.replica.head();
  if (told.follows.has_value()) return *told.follows == head;
  return succession_.Follows(head, told.batch, told.by.writer);
}

void Committer::HearOwner() {
  for (Relay::Word& word : relay_.TakeWords()) {
    if (word.lost != 0) {
      // They may have been committed, or be committed yet.
      Answer(std::move(word.proposals), mvcc::LeaderFailed());
      Nudge(INT64_MAX);
    } else if (word.answered.has_value()) {
      std::ranges::move(word.proposals, std::back_inserter(answered_));
      answered_at_ = std::max(answered_at_, word.answered->revision);
    } else if (word.news != 0) {
      Nudge(word.news);
    } else if (!word.batch.has_value()) {
      continue;  // it takes no more
    } else if (IsOfThisHistory(*word.batch)) {
      ApplyForeign(std::move(word.batch->batch));
    } else {
      // Something came between, or may have: it is read from the database.
      Nudge(word.batch->batch.head.seq);
    }
  }
  if (parts_.replica.head().revision < answered_at_) CatchUp();
  AnswerApplied();
}

void Committer::AnswerApplied() {
  if (answered_.empty() || parts_.replica.head().revision < answered_at_) return;
  const size_t size = answered_.size();
  answered_last_ = size;
  waiting_.fetch_sub(size, std::memory_order_relaxed);
  proposals_committed_.Increment(static_cast<double>(size));
  parts_.publisher.PublishHere({.answered = std::exchange(answered_, {})});
}

bool Committer::RelayPending() {
  const base::TimePoint now = base::Clock::Real().Now();
  if (shared_ == nullptr || !relay_.Takes(now)) return false;
  if (4 * pending_.size() < 3 * answered_last_) {
    // Those who were just answered send again: one frame for all costs less than one each.
    base::MutexLock lock(mutex_);
    wake_at_ = answered_last_ - pending_.size();
    const base::TimePoint until = now + kFrameGathers;
    while (!stopping_ && !words_ && queue_.size() < wake_at_ && changed_.WaitUntil(mutex_, until)) {
    }
    wake_at_ = 1;
    TakeQueued();
  }
  relay_.Send(pending_);
  return pending_.empty();
}

bool Committer::WantsTurn() const {
  if (turns_ || losses_ >= 2) return true;
  if (std::ranges::any_of(pending_, [](const auto& p) { return p->expires != kNoLease; })) {
    return true;
  }
  return losses_ > 0 &&
         parts_.clock.Now() - pending_.front()->queued_at > std::chrono::milliseconds(50);
}

bool Committer::TakeTurn() {
  if (losses_ >= 2 && !std::exchange(turns_, true)) calm_turns_ = 0;
  if (const absl::Status locked = shared_->Lock(); !locked.ok()) {
    BackOff(locked);
    return false;
  }
  if (!CatchUp()) {
    shared_->Unlock();
    return false;
  }
  std::vector<int64_t> ending;
  for (const auto& proposal : pending_) {
    if (proposal->expires != kNoLease) ending.push_back(static_cast<int64_t>(proposal->expires));
  }
  if (ending.empty()) return true;
  // One that was kept alive meanwhile is seen to be by its proposal's evaluation.
  const absl::Status status = shared_->LockLeases(ending, [&](const sql::LeaseRecord& lease) {
    parts_.lessor.ApplyRenewal({.id = LeaseId{lease.id}, .renew = lease.renew});
  });
  if (status.ok()) return true;
  BackOff(status);
  shared_->Unlock();
  return false;
}

bool Committer::CatchUp() {
  while (true) {
    const absl::StatusOr<log::TailEnd> end = parts_.log.Tail(
        parts_.replica.head(), [&](log::CommittedBatch batch) { ApplyForeign(std::move(batch)); });
    if (!end.ok()) {
      const sql::ErrorKind kind = sql::KindOf(end.status());
      if (kind == sql::ErrorKind::kCorrupt || kind == sql::ErrorKind::kNewerSchema) {
        Fatal(end.status());
      }
      BackOff(end.status());
      return false;
    }
    switch (*end) {
      case log::TailEnd::kNewest:
        Contact();
        return true;
      case log::TailEnd::kMore:
        break;
      case log::TailEnd::kGone:
        if (const absl::Status loaded = Resync(); !loaded.ok()) {
          BackOff(loaded);
          return false;
        }
        break;
      case log::TailEnd::kForked:
        Forked();
        return false;
    }
  }
}

void Committer::ApplyForeign(log::CommittedBatch batch) {
  std::vector<KeyValue> previous(batch.rows.size());
  if (parts_.hub.wants_prev_kv()) previous = parts_.replica.PreviousOf(batch.rows);
  parts_.replica.Apply(batch.head, batch.rows, batch.ops);
  foreign_batches_.Increment();
  met_others_ = true;
  Publisher::Delivery delivery;
  delivery.events.reserve(batch.rows.size());
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    delivery.events.emplace_back(std::move(batch.rows[i]), std::move(previous[i]));
  }
  if (!delivery.events.empty()) parts_.publisher.PublishHere(std::move(delivery));
}

absl::Status Committer::Resync() {
  const base::TimePoint started = base::Clock::Real().Now();
  base::Log(base::Level::kWarning,
            "what other servers wrote meanwhile is not kept any more; loading everything",
            {{"revision", parts_.replica.head().revision}});
  if (const absl::Status loaded = parts_.replica.Reload(parts_.log); !loaded.ok()) return loaded;
  const log::Head& head = parts_.replica.head();
  // Watchers are fed from history; those that want what is compacted are told so.
  parts_.publisher.Publish({.skip_to = head.revision});
  base::Log(base::Level::kInfo, "loaded the database again",
            {{"revision", head.revision}, {"took", base::Clock::Real().Now() - started}});
  return absl::OkStatus();
}

// Histories
// ----------------------------------------------------------------------------------------

void Committer::Forked() {
  const base::TimePoint now = base::Clock::Real().Now();
  if (!forked_since_.has_value()) forked_since_ = now;
  const log::Head& head = parts_.replica.head();
  // It may be a server that is behind, which a connection was led to.
  shared_->Disconnect();
  const absl::Status why = sql::MakeError(
      sql::ErrorKind::kStopped, "the database does not hold commit " + std::to_string(head.seq) +
                                    " (revision " + std::to_string(head.revision) +
                                    "), which was acknowledged: it has lost commits, or is "
                                    "another server than before");
  BackOff(why);
  if (now - *forked_since_ < parts_.fork_patience) return;
  if (options_.on_lost_history == LostHistory::kHalt) return Fatal(why);
  if (const absl::Status begun = BeginEpoch(head.revision); !begun.ok()) BackOff(begun);
}

bool Committer::HistoryStands(const Doubt::Claims& claims) {
  if (claims.empty() && !contradicted_since_.has_value()) return true;
  const auto contradiction = parts_.doubt.Judge(claims, parts_.log);
  if (!contradiction.ok()) {
    BackOff(contradiction.status());
    return false;
  }
  if (contradiction->has_value()) {
    Contradicted(**contradiction);
    return false;
  }
  if (std::exchange(contradicted_since_, std::nullopt).has_value()) {
    base::Log(base::Level::kWarning, "all servers hold one history again; service goes on",
              {{"seq", parts_.replica.head().seq}, {"epoch", parts_.replica.head().epoch}});
  }
  return true;
}

void Committer::Contradicted(const Doubt::Contradiction& by) {
  constexpr base::Duration kLookEvery = std::chrono::milliseconds(200);
  const base::TimePoint now = base::Clock::Real().Now();
  const log::Head& head = parts_.replica.head();
  retry_at_ = now + kLookEvery;
  const bool first = !contradicted_since_.has_value();
  static base::LogLimiter limiter(std::chrono::seconds(2));
  if (limiter.Allow() || first) {
    base::Log(base::Level::kError,
              "there are two histories: another server holds a batch that this one's database does "
              "not; writes and linearizable reads wait",
              {{"database", parts_.log.name()},
               {"epoch", head.epoch},
               {"seq", head.seq},
               {"nonce", log::ToHex(head.nonce)},
               {"revision", head.revision},
               {"other_server", by.address},
               {"other_epoch", by.claim.epoch},
               {"other_seq", by.claim.seq},
               {"other_nonce", log::ToHex(by.claim.nonce)},
               {"other_revision", by.claim.revision}});
  }
  if (first) {
    contradicted_since_ = now;
    // New connections may lead to the database that the other server means.
    shared_->Disconnect();
    return;
  }
  if (now - *contradicted_since_ < parts_.fork_patience) return;
  const std::string sides =
      base::Concat("the server at ", by.address, " holds batch ", by.claim.seq, " (epoch ",
                   by.claim.epoch, ", revision ", by.claim.revision, "), which database ",
                   parts_.log.name(), " does not hold (batch ", head.seq, ", epoch ", head.epoch,
                   ", revision ", head.revision, ")");
  const bool stands = by.claim.stands && now - by.heard < kClaimLasts;
  if (stands || by.claim.epoch > head.epoch) {
    // Another epoch would not end that: each database would have its own.
    return Fatal(sql::MakeError(sql::ErrorKind::kStopped,
                                sides + ": there are two databases. Stop the servers of the one "
                                        "that was replaced, and the database"));
  }
  if (options_.on_lost_history == LostHistory::kHalt) {
    return Fatal(sql::MakeError(sql::ErrorKind::kStopped,
                                sides + ": it has lost commits that were acknowledged"));
  }
  if (const absl::Status begun = BeginEpoch(std::max(head.revision, by.claim.revision));
      !begun.ok()) {
    return BackOff(begun);
  }
  contradicted_since_.reset();
  parts_.doubt.Clear();
}

absl::Status Committer::BeginEpoch(int64_t seen) {
  // From here on memory holds the shorter history, which nobody is told of before the end.
  if (const absl::Status loaded = parts_.replica.BeginEpoch(parts_.log, seen); !loaded.ok()) {
    return loaded;
  }
  const log::Head& head = parts_.replica.head();
  base::Log(base::Level::kError,
            "the database had lost commits; another history begins, all watches end",
            {{"revision_seen", seen}, {"epoch", head.epoch}, {"revision", head.revision}});
  parts_.publisher.Publish({.skip_to = head.revision});
  Contact();
  return absl::OkStatus();
}

}  // namespace kvshim::store
