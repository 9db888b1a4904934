// Committer: the one thread that writes. It takes every proposal that waits, evaluates them one
// after another into one batch, has the log make it durable with one flush, applies it to memory
// and hands answers and events to the publisher.
//
// What holds, and why:
//   an acknowledged write is never lost   it is answered after log::Append said committed
//   a read never sees what could be lost  a batch is applied to the index after its commit
//   a revision is never reused            a batch follows the head it was evaluated at, or fails;
//                                         after an ambiguous commit nothing more is written
//   a watch is never gapped               batches are applied and published in order, by one thread
// A proposal that writes nothing still saw the writes before it in the batch, so it is answered
// with the batch; where the whole batch wrote nothing, at once.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "kvshim/options.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "mvcc/index.h"
#include "store/alarms.h"
#include "store/proposal.h"
#include "store/publisher.h"
#include "store/quota.h"
#include "store/reader.h"

namespace kvshim::store {

class Committer {
 public:
  struct Parts {
    log::Log& log;
    mvcc::Index& index;
    lease::Lessor& lessor;
    Alarms& alarms;
    Reader& reader;
    Publisher& publisher;
    watch::Hub& hub;
    base::MetricsRegistry& metrics;
    base::Clock& clock;
  };

  // `head`: where the log stands. `on_applied` is called on the committer's thread after each
  // batch, with what it was.
  Committer(Parts parts, const StoreOptions& options, const log::Head& head,
            std::function<void(const OpenBatch&)> on_applied);
  ~Committer() { Stop(); }

  // Answers at once where too many wait already, or where it has stopped.
  void Submit(std::unique_ptr<Proposal> proposal);

  // Commits what waits and joins the thread.
  void Stop();

  size_t queued() const;
  // Batches of the chain so far.
  uint64_t sequence() const { return sequence_.load(std::memory_order_relaxed); }

 private:
  using Proposals = std::vector<std::unique_ptr<Proposal>>;

  void Run();
  bool TakeQueued() EXCLUDES(mutex_);
  Proposals Fill(OpenBatch& batch);
  absl::Status Evaluate(Proposal& proposal, OpenBatch& batch);
  void Commit(OpenBatch& batch, Proposals proposals);
  log::Batch LogBatch(const OpenBatch& batch) const;
  void Apply(OpenBatch& batch, const log::Head& head);
  absl::Status FailureOf(const log::AppendResult& result);

  const Parts parts_;
  const StoreOptions options_;
  const std::function<void(const OpenBatch&)> on_applied_;
  Quota quota_;
  log::Head head_;
  std::atomic<uint64_t> sequence_;
  std::deque<std::unique_ptr<Proposal>> pending_;  // taken from the queue, in order

  mutable base::Mutex mutex_;
  base::Condition changed_;
  std::vector<std::unique_ptr<Proposal>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<size_t> waiting_{0};  // in the queue or pending

  base::Counter& proposals_committed_;
  base::Counter& proposals_failed_;
  std::thread thread_;
};

}  // namespace kvshim::store
