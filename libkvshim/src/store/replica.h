// Replica: what the log says, in memory, and how far that goes. Batches are applied in the order of
// the chain by one thread, whoever wrote them.
//
// Thread safety: Apply and Reload by one thread; everything else from any thread.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "kvshim/key_value.h"
#include "lease/lessor.h"
#include "log/log.h"
#include "mvcc/index.h"
#include "store/alarms.h"
#include "store/claim.h"
#include "store/restorer.h"

namespace kvshim::store {

class Replica {
 public:
  // What the rest of the store is told of an applied batch.
  struct Applied {
    const log::Head& head;
    const std::vector<log::Op>& ops;
    bool compacted = false;
  };

  Replica(mvcc::Index& index, lease::Lessor& lessor, Alarms& alarms)
      : index_(index), lessor_(lessor), alarms_(alarms) {}

  // Reads the whole log. What was there before stays readable until the new is complete.
  absl::Status Reload(log::Log& log);

  // The same for a database that has lost its end, where clients have seen revisions up to `seen`:
  // begins another epoch above it first, unless another server already has.
  absl::Status BeginEpoch(log::Log& log, int64_t seen);

  // Whom to tell; set before the first Apply.
  void OnApplied(std::function<void(const Applied&)> on_applied) {
    on_applied_ = std::move(on_applied);
  }

  // A batch that is durable in the log and follows on head().
  void Apply(const log::Head& head, std::span<const KeyValue> rows,
             const std::vector<log::Op>& ops);

  // The versions before `rows`, where they are in memory: to be asked before Apply.
  std::vector<KeyValue> PreviousOf(std::span<const KeyValue> rows) const;

  // Of the thread that applies.
  const log::Head& head() const { return head_; }

  // How far memory goes: the seq of the newest batch applied.
  int64_t sequence() const { return sequence_.load(std::memory_order_acquire); }
  // The history's epoch.
  int64_t epoch() const { return epoch_.load(std::memory_order_relaxed); }

  // Whether memory holds this batch and not another in its place. True also where that is too long
  // ago to tell.
  bool Holds(int64_t seq, const log::Nonce& nonce) EXCLUDES(mutex_);

  // How another server's claim fits to memory.
  enum class Weight {
    kHeld,       // memory holds the batch
    kOutdated,   // of an epoch that has ended
    kBeyond,     // of a batch, or an epoch, that memory has not come to
    kAnother,    // memory holds another batch in its place
    kForgotten,  // too long ago to tell
  };
  Weight Weigh(const Claim& claim) EXCLUDES(mutex_);

  // head(), for any thread.
  log::Head newest() EXCLUDES(mutex_);

  // Waits until memory holds batch `seq`. False where `deadline` came first.
  bool WaitFor(int64_t seq, base::TimePoint deadline) EXCLUDES(mutex_);

 private:
  void Advance(const log::Head& head) EXCLUDES(mutex_);

  mvcc::Index& index_;
  lease::Lessor& lessor_;
  Alarms& alarms_;
  std::function<void(const Applied&)> on_applied_;
  log::Head head_;
  std::atomic<int64_t> sequence_{0};
  std::atomic<int64_t> epoch_{1};
  base::Mutex mutex_;
  base::Condition advanced_;
  log::Head newest_ GUARDED_BY(mutex_);
  // Of the newest batches, at seq % size.
  std::array<std::pair<int64_t, log::Nonce>, 1024> nonces_ GUARDED_BY(mutex_){};
};

}  // namespace kvshim::store
