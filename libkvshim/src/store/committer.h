// Committer: the one thread that writes, and the one that applies: its own batches and those of
// other servers. It takes every proposal that waits, evaluates them one after another into one
// batch, has the log make it durable with one flush, applies it to memory and hands answers and
// events to the publisher.
//
// What holds, and why:
//   an acknowledged write is never lost   it is answered after the log said committed, or after
//                                         Resolve found it there
//   a read never sees what could be lost  a batch is applied to the index after its commit
//   a revision is never reused            a batch follows the head it was evaluated at, or is not
//                                         committed at all; after an ambiguous commit nothing is
//                                         written or evaluated until its fate is proven
//   a watch is never gapped               batches are applied and published in the order of the
//                                         chain, by one thread
// A proposal that writes nothing still saw the writes before it in the batch, so it is answered
// with the batch. Where the whole batch wrote nothing, its answers hold if nothing was committed
// elsewhere before it was evaluated: on a shared database the head is read once more, after.
//
// On a shared database
// Each server evaluates on what it knows and appends (optimistic). Where another one was first, it
// reads what that one wrote and evaluates again. After two losses, or a loss and 50 ms of waiting,
// it takes the turn before it reads on and evaluates: nobody can come first then. It keeps taking
// turns while others write, and goes back once it meets nobody.
//
//   A appends 7                B appends 7: conflict     B reads 7, evaluates again, appends 8
//   A appends 9 ...            B appends 9: conflict     B takes the turn, reads 9, appends 10
//
// Where there is a link to the owner it has that one commit its writes in place of taking turns
// (relay.h), and applies the batches that come over it as it does those it reads.
//
// While the database is away, proposals wait here and are tried again until their time is over.
// A commit whose answer was lost is resolved first (log::Log::Resolve); its proposals are answered
// as timed out at their time and the batch is kept until it is known.
//
// Where another server holds a history that the database contradicts (doubt.h), nothing is written
// until one of the two has come round; after ten seconds the policy for lost history holds.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "kvshim/options.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "log/succession.h"
#include "mvcc/index.h"
#include "store/alarms.h"
#include "store/doubt.h"
#include "store/gathering.h"
#include "store/known_head.h"
#include "store/proposal.h"
#include "store/publisher.h"
#include "store/quota.h"
#include "store/reader.h"
#include "store/relay.h"
#include "store/replica.h"

namespace kvshim::store {

class Committer {
 public:
  struct Parts {
    log::Log& log;
    mvcc::Index& index;
    lease::Lessor& lessor;
    Alarms& alarms;
    Replica& replica;
    KnownHead& known_head;
    Doubt& doubt;
    Reader& reader;
    Publisher& publisher;
    watch::Hub& hub;
    base::MetricsRegistry& metrics;
    base::Clock& clock;
    uint64_t member_id;
    base::Duration fork_patience;  // engine.h
    // Sends the servers that are linked a batch that is being committed here.
    std::function<void(const log::Head& head, const log::Batch& batch)> send_ahead;
    // Tells the other servers that it was.
    std::function<void(const log::Head& head)> announce;
  };

  Committer(Parts parts, const StoreOptions& options);
  ~Committer() { Stop(); }

  // Answers at once where too many wait already, or where it has stopped.
  void Submit(std::unique_ptr<Proposal> proposal);

  // Another server has committed batch `seq`: reads on soon, unless it has already.
  void Nudge(int64_t seq);

  // For a link to the owner.
  Relay& relay() { return relay_; }

  // Commits what waits and joins the thread.
  void Stop();

  size_t queued() const;

 private:
  using Proposals = std::vector<std::unique_ptr<Proposal>>;

  struct Round {
    OpenBatch batch;
    log::Batch log_batch;
    Proposals proposals;
    base::TimePoint begun = base::Clock::Real().Now();
  };

  void Run();
  // Waits for something to do. False where there is nothing left to do for ever.
  bool Await() EXCLUDES(mutex_);
  void TakeQueued() REQUIRES(mutex_);
  // Waits for more to commit with what is there, where that pays.
  void Gather() EXCLUDES(mutex_);
  void AnswerTimedOut();

  // One group commit, from taking proposals to answering them or putting them back.
  void CommitOnce();
  Proposals Fill(OpenBatch& batch);
  absl::Status Evaluate(Proposal& proposal, OpenBatch& batch);
  log::Batch LogBatch(const OpenBatch& batch) const;
  void Committed(Round& round, const log::Head& head);
  void AnswerUnwritten(Round& round, bool in_turn);
  void Answer(Proposals proposals, const absl::Status& failure);
  void PutBack(Proposals proposals);
  void Failed(Round& round, const absl::Status& status);
  void Settle(Round& round, const log::Head& attempted);

  // Other servers.
  bool WantsTurn() const;
  // Does what came over the link.
  void HearOwner();
  // Whether it may be applied.
  bool IsOfThisHistory(const PeerBatch& told);
  void AnswerApplied();
  // Has the owner commit what it can of what waits. False where all of that is this server's task.
  bool RelayPending();
  // Takes the turn and reads on in it, and has leases that are to end stay as they are. False
  // where that did not work; the turn is given back then.
  bool TakeTurn();
  bool CatchUp();
  void ApplyForeign(log::CommittedBatch batch);
  absl::Status Resync();
  void Forked();
  // Whether nothing that other servers claimed before the database was read contradicts it.
  bool HistoryStands(const Doubt::Claims& claims);
  void Contradicted(const Doubt::Contradiction& by);
  // Begins another history above all that is known, `seen` included.
  absl::Status BeginEpoch(int64_t seen);

  // The database is away: nothing is tried before a pause is over, which grows.
  void BackOff(const absl::Status& why);
  void Contact();
  void Fatal(const absl::Status& why);

  const Parts parts_;
  const StoreOptions options_;
  sql::SharedDatabase* const shared_;
  Quota quota_;
  log::Succession succession_;
  std::deque<std::unique_ptr<Proposal>> pending_;  // taken from the queue, in order
  Gathering gathering_;

  // Of a shared database.
  int losses_ = 0;      // conflicts since the last commit
  int calm_turns_ = 0;  // turns in a row in which nobody else had written
  bool turns_ = false;  // the turn is taken before every commit
  bool met_others_ = false;
  base::Duration pause_{};
  base::TimePoint retry_at_{};  // the database is away until then; 0: it is not
  base::TimePoint poll_at_{};
  base::Duration poll_every_{};
  std::optional<base::TimePoint> forked_since_;
  std::optional<base::TimePoint> contradicted_since_;

  mutable base::Mutex mutex_;
  base::Condition changed_;
  std::vector<std::unique_ptr<Proposal>> queue_ GUARDED_BY(mutex_);
  size_t wake_at_ GUARDED_BY(mutex_) = 1;  // the thread is woken when so many are queued
  bool news_ GUARDED_BY(mutex_) = false;
  bool words_ GUARDED_BY(mutex_) = false;  // the relay has some
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<size_t> waiting_{0};  // in the queue or pending

  base::Counter& proposals_committed_;
  base::Counter& proposals_failed_;
  base::Counter& conflicts_;
  base::Counter& foreign_batches_;
  Relay relay_;
  Proposals answered_;        // by the owner, whose revision memory has not come to
  int64_t answered_at_ = 0;   // that revision
  size_t answered_last_ = 0;  // how many it answered at once
  std::thread thread_;
};

}  // namespace kvshim::store
