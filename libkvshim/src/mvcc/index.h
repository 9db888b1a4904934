// Index: every retained version of every key in memory, in order, without most of the values.
//
// One thread applies commits (Apply, Compact); readers look at it through a View, which holds the
// lock shared, so that all they see belongs to one revision. Values are a cache: a version's value
// may leave memory at any time (the memory budget) and come back (Install). What a reader finds
// missing it fetches from the log by exact revision, without any lock, and a row that is gone by
// then has been compacted: never "not found".
//
// What is evicted: superseded versions first, oldest first, once they hold more than an eighth of
// the budget; then values not read since the clock's hand last came by. The hand goes round the
// keys whose newest value is in memory, so that each step of it either evicts or forgets a reading.
//
// Thread safety: Restore and FinishRestore before anything else; Apply, Compact by one thread;
// everything else from any thread.
//
//   Index index(size_t{256} << 20);
//   index.Apply(changes, 7);
//   Index::View view(index);
//   view.CountLive(KeyRange("/", "0"), view.revision());
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "kvshim/key_value.h"
#include "mvcc/change_log.h"
#include "mvcc/key_range.h"
#include "mvcc/key_tree.h"
#include "mvcc/revision.h"

namespace kvshim::mvcc {

// A version as the log lists it, without its value.
struct RestoredVersion {
  Revision revision;
  std::string_view key;
  bool tombstone = false;
  int64_t create_revision = 0;
  int64_t version = 0;
  LeaseId lease = kNoLease;
};

struct IndexStats {
  int64_t keys = 0;       // live
  int64_t histories = 0;  // keys with any retained version
  int64_t versions = 0;
  int64_t cached_bytes = 0;
  int64_t evicted = 0;  // values, since the start
};

class Index {
 public:
  // `memory_budget`: bytes of values; nullopt: by the number of keys, see StoreOptions.
  explicit Index(std::optional<size_t> memory_budget) : fixed_budget_(memory_budget) {}

  // Loading: every version, ascending by revision, then where the log stands.
  void Restore(const RestoredVersion& version);
  void FinishRestore(int64_t revision, int64_t compact_revision);

  // Takes everything from `other`, which was loaded aside and is left with what was here.
  void Replace(Index& other);

  std::optional<size_t> memory_budget() const { return fixed_budget_; }

  // Committed changes, in order; `revision` is the store's newest afterwards.
  void Apply(std::span<const KeyValue> changes, int64_t revision);

  // From now on nobody reads below `revision`; what died is told by Reclaim.
  void Compact(int64_t revision);

  // Forgets versions that nobody can ask for once everything below `revision` is compacted, and
  // gives their revisions, looking at up to `max_keys` keys from `cursor` on, which it moves on.
  // `revision` is one that was compacted; a newer compaction may have come since. False: that was
  // the last of the keys.
  bool Reclaim(int64_t revision, std::string& cursor, size_t max_keys, std::vector<Revision>& dead);

  // Puts fetched values into the cache, as far as the budget allows.
  void Install(std::span<const KeyValue> fetched);

  // The newest revision, and the one below which nothing is left. Without a lock.
  int64_t revision() const { return revision_.load(std::memory_order_acquire); }
  int64_t compact_revision() const { return compact_revision_.load(std::memory_order_acquire); }

  IndexStats stats() const;

  class View;

 private:
  int64_t Budget() const REQUIRES(mutex_);
  void Retire(const KeyValue& kv) REQUIRES(mutex_);
  void Evict(Version& version) REQUIRES(mutex_);
  // `history`'s newest value came into memory, or left it.
  void AddToClock(KeyHistory& history) REQUIRES(mutex_);
  void TakeFromClock(KeyHistory& history) REQUIRES(mutex_);
  void Shrink(size_t max_steps) REQUIRES(mutex_);
  void Append(const RestoredVersion& version, const KeyValue& kv) REQUIRES(mutex_);
  void MoveToLease(KeyHistory& history, LeaseId lease) REQUIRES(mutex_);

  const std::optional<size_t> fixed_budget_;
  mutable base::SharedMutex mutex_;
  std::atomic<int64_t> revision_{1};
  std::atomic<int64_t> compact_revision_{0};

  KeyTree tree_ GUARDED_BY(mutex_);
  ChangeLog log_ GUARDED_BY(mutex_);
  absl::flat_hash_map<LeaseId, absl::flat_hash_set<const KeyHistory*>> attached_ GUARDED_BY(mutex_);
  int64_t versions_ GUARDED_BY(mutex_) = 0;
  int64_t cached_bytes_ GUARDED_BY(mutex_) = 0;
  int64_t evicted_ GUARDED_BY(mutex_) = 0;
  std::deque<KeyValue> retired_ GUARDED_BY(mutex_);  // superseded versions that are in memory
  int64_t retired_bytes_ GUARDED_BY(mutex_) = 0;
  std::vector<KeyHistory*> clock_ GUARDED_BY(mutex_);  // in no order
  size_t hand_ GUARDED_BY(mutex_) = 0;                 // the next of them to be looked at
};

// The index at one moment. Hold it briefly: commits wait meanwhile. Not to be nested.
// Its lock is a member, which the compiler's analysis of locks cannot follow.
class Index::View {
 public:
  explicit View(const Index& index) NO_THREAD_SAFETY_ANALYSIS : index_(index),
                                                                lock_(index.mutex_) {}

  int64_t revision() const { return index_.revision(); }
  int64_t compact_revision() const { return index_.compact_revision(); }

  // mvcc::Compacted or mvcc::FutureRevision where `revision` cannot be read.
  absl::Status CheckReadable(int64_t revision) const;

  const KeyHistory* Find(std::string_view key) const NO_THREAD_SAFETY_ANALYSIS {
    return index_.tree_.Find(key);
  }
  // Whether the key has a version of exactly this revision.
  bool Has(std::string_view key, Revision revision) const NO_THREAD_SAFETY_ANALYSIS {
    KeyHistory* history = index_.tree_.Find(key);
    return history != nullptr && history->Find(revision) != nullptr;
  }
  KeyTree::Iterator LowerBound(std::string_view key) const NO_THREAD_SAFETY_ANALYSIS {
    return index_.tree_.LowerBound(key);
  }

  // Keys of the range that live at `revision`.
  int64_t CountLive(const KeyRange& range, int64_t revision) const NO_THREAD_SAFETY_ANALYSIS;

  // The keys attached to a lease, ascending.
  std::vector<std::string> KeysOf(LeaseId lease) const NO_THREAD_SAFETY_ANALYSIS;

  const ChangeLog& log() const NO_THREAD_SAFETY_ANALYSIS { return index_.log_; }

 private:
  const Index& index_;
  base::ReaderLock lock_;
};

}  // namespace kvshim::mvcc
