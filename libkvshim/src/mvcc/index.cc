#include "mvcc/index.h"

#include <algorithm>
#include <utility>

#include "mvcc/errors.h"

namespace kvshim::mvcc {
namespace {

// Steps of the clock's hand for each value that comes in.
constexpr size_t kHandSteps = 64;

// Of a budget that was not given.
constexpr int64_t kBudgetPerKey = 128;
constexpr int64_t kLeastBudget = int64_t{8} << 20;
constexpr int64_t kMostBudget = int64_t{256} << 20;

int64_t MemoryOf(const KeyValue& kv) { return static_cast<int64_t>(kv.memory()); }

}  // namespace

void Index::Append(const RestoredVersion& version, const KeyValue& kv) {
  KeyHistory& history = tree_.FindOrInsert(version.key);
  const bool was_live = history.live();
  if (!history.versions.empty() && history.newest().kv) Retire(history.newest().kv);

  Version& added = history.versions.emplace_back();
  added.main = version.revision.main;
  added.sub = version.revision.sub;
  added.tombstone = version.tombstone;
  if (!version.tombstone && kv) {
    added.kv = kv;
    cached_bytes_ += MemoryOf(kv);
    AddToClock(history);
  } else {
    TakeFromClock(history);
  }
  ++versions_;
  MoveToLease(history, version.lease);
  history.create_revision = version.create_revision;
  history.version = version.version;
  if (was_live == version.tombstone) tree_.SetLive(version.key, !version.tombstone);
  log_.Add(version.revision, history);
}

void Index::MoveToLease(KeyHistory& history, LeaseId lease) {
  if (history.lease == lease) return;
  if (history.lease != kNoLease) {
    const auto old = attached_.find(history.lease);
    old->second.erase(&history);
    if (old->second.empty()) attached_.erase(old);
  }
  history.lease = lease;
  if (lease != kNoLease) attached_[lease].insert(&history);
}

void Index::Restore(const RestoredVersion& version) {
  base::WriterLock lock(mutex_);
  Append(version, {});
}

void Index::FinishRestore(int64_t revision, int64_t compact_revision) {
  base::WriterLock lock(mutex_);
  log_.DropBelow(compact_revision);
  revision_.store(revision, std::memory_order_release);
  compact_revision_.store(compact_revision, std::memory_order_release);
}

void Index::Replace(Index& other) NO_THREAD_SAFETY_ANALYSIS {
  base::WriterLock lock(mutex_);
  tree_.Swap(other.tree_);
  std::swap(log_, other.log_);
  std::swap(attached_, other.attached_);
  std::swap(versions_, other.versions_);
  std::swap(cached_bytes_, other.cached_bytes_);
  std::swap(retired_, other.retired_);
  std::swap(retired_bytes_, other.retired_bytes_);
  std::swap(clock_, other.clock_);
  std::swap(hand_, other.hand_);
  revision_.store(other.revision(), std::memory_order_release);
  compact_revision_.store(other.compact_revision(), std::memory_order_release);
}

void Index::Apply(std::span<const KeyValue> changes, int64_t revision) {
  base::WriterLock lock(mutex_);
  for (const KeyValue& kv : changes) {
    Append({.revision = {kv.mod_revision(), kv.sub()},
            .key = kv.key(),
            .tombstone = kv.is_tombstone(),
            .create_revision = kv.create_revision(),
            .version = kv.version(),
            .lease = kv.lease()},
           kv);
  }
  Shrink(changes.size() * kHandSteps);
  revision_.store(revision, std::memory_order_release);
}

void Index::Compact(int64_t revision) {
  base::WriterLock lock(mutex_);
  log_.DropBelow(revision);
  compact_revision_.store(revision, std::memory_order_release);
}

bool Index::Reclaim(int64_t revision, std::string& cursor, size_t max_keys,
                    std::vector<Revision>& dead) {
  base::WriterLock lock(mutex_);
  std::vector<KeyHistory*> gone;
  KeyTree::Iterator it = tree_.LowerBound(cursor);
  for (; it && max_keys > 0; it.Next(), --max_keys) {
    auto& versions = it->versions;
    const size_t count = it->DeadAt(revision);
    if (count == 0) continue;
    for (size_t i = 0; i < count; ++i) {
      dead.push_back(versions[i].revision());
      Evict(versions[i]);
    }
    versions_ -= static_cast<int64_t>(count);
    versions.erase(versions.begin(), versions.begin() + static_cast<ptrdiff_t>(count));
    if (versions.size() * 4 < versions.capacity()) versions.shrink_to_fit();
    if (versions.empty()) gone.push_back(&*it);
  }
  const bool more = static_cast<bool>(it);
  if (more) cursor = it->key();
  // Nothing names these any more: a deleted key has no lease, and its changes are compacted.
  for (const KeyHistory* history : gone) tree_.Erase(std::string(history->key()));
  return more;
}

void Index::Install(std::span<const KeyValue> fetched) {
  base::WriterLock lock(mutex_);
  int64_t room = Budget() / 2;
  for (const KeyValue& kv : fetched) {
    room -= MemoryOf(kv);
    if (room < 0) break;
    KeyHistory* history = tree_.Find(kv.key());
    if (history == nullptr) continue;
    Version* version = history->Find({kv.mod_revision(), kv.sub()});
    if (version == nullptr || version->kv || version->tombstone) continue;
    version->kv = kv;
    cached_bytes_ += MemoryOf(kv);
    if (version == &history->newest()) {
      AddToClock(*history);
    } else {
      Retire(kv);
    }
  }
  Shrink(fetched.size() * kHandSteps);
}

int64_t Index::Budget() const {
  if (fixed_budget_.has_value()) return static_cast<int64_t>(*fixed_budget_);
  return std::clamp(static_cast<int64_t>(tree_.size()) * kBudgetPerKey, kLeastBudget, kMostBudget);
}

void Index::Evict(Version& version) {
  if (!version.kv) return;
  cached_bytes_ -= MemoryOf(version.kv);
  version.kv = {};
}

void Index::Retire(const KeyValue& kv) {
  retired_.push_back(kv);
  retired_bytes_ += MemoryOf(kv);
  const int64_t limit = Budget() / 8;
  while (retired_bytes_ > limit) {
    const KeyValue oldest = std::move(retired_.front());
    retired_.pop_front();
    retired_bytes_ -= MemoryOf(oldest);
    KeyHistory* history = tree_.Find(oldest.key());
    if (history == nullptr) continue;
    Version* version = history->Find({oldest.mod_revision(), oldest.sub()});
    if (version != nullptr && version->kv) Evict(*version);
  }
}

void Index::AddToClock(KeyHistory& history) {
  if (history.cache_slot != KeyHistory::kNotCached) return;
  history.cache_slot = static_cast<uint32_t>(clock_.size());
  clock_.push_back(&history);
}

void Index::TakeFromClock(KeyHistory& history) {
  if (history.cache_slot == KeyHistory::kNotCached) return;
  clock_[history.cache_slot] = clock_.back();
  clock_[history.cache_slot]->cache_slot = history.cache_slot;
  clock_.pop_back();
  history.cache_slot = KeyHistory::kNotCached;
}

void Index::Shrink(size_t max_steps) {
  const int64_t budget = Budget();
  for (; max_steps > 0 && cached_bytes_ > budget && !clock_.empty(); --max_steps) {
    if (hand_ >= clock_.size()) hand_ = 0;
    KeyHistory& history = *clock_[hand_];
    Version& newest = history.versions.back();
    if (newest.kv.TakeTouch()) {
      ++hand_;
      continue;
    }
    Evict(newest);
    TakeFromClock(history);
    ++evicted_;
  }
}

IndexStats Index::stats() const {
  base::ReaderLock lock(mutex_);
  return {.keys = tree_.live(),
          .histories = static_cast<int64_t>(tree_.size()),
          .versions = versions_,
          .cached_bytes = cached_bytes_,
          .evicted = evicted_};
}

absl::Status Index::View::CheckReadable(int64_t revision) const {
  // etcd calls a store that was never compacted compacted at -1.
  const int64_t first = compact_revision() == 0 ? -1 : compact_revision();
  if (revision < first) return Compacted();
  if (revision > this->revision()) return FutureRevision();
  return absl::OkStatus();
}

int64_t Index::View::CountLive(const KeyRange& range, int64_t revision) const {
  if (range.is_empty()) return 0;
  const auto live_then = [&](const KeyHistory& history) {
    const Version* version = history.At(revision);
    return version != nullptr && !version->tombstone;
  };
  if (range.is_single()) {
    const KeyHistory* found = Find(range.begin());
    return found != nullptr && live_then(*found) ? 1 : 0;
  }
  const int64_t now = index_.tree_.CountLive(range);
  if (revision >= this->revision()) return now;

  const size_t first = log().LowerBound(revision + 1);
  int64_t count = 0;
  if (log().size() - first > index_.tree_.size()) {
    for (auto it = LowerBound(range.begin()); it && range.Contains(it->key()); it.Next()) {
      if (live_then(*it)) ++count;
    }
    return count;
  }
  // The count now, put right by each key that changed since: at its first change only.
  count = now;
  for (size_t i = first; i < log().size(); ++i) {
    const auto& change = log()[i];
    const KeyHistory& history = *change.history;
    if (!range.Contains(history.key())) continue;
    const Version* then = history.At(revision);
    const Version* next = then == nullptr ? history.versions.data() : then + 1;
    if (next->main != change.main || next->sub != change.sub) continue;
    count += (then != nullptr && !then->tombstone ? 1 : 0) - (history.live() ? 1 : 0);
  }
  return count;
}

std::vector<std::string> Index::View::KeysOf(LeaseId lease) const {
  std::vector<std::string> keys;
  const auto found = index_.attached_.find(lease);
  if (found == index_.attached_.end()) return keys;
  keys.reserve(found->second.size());
  for (const KeyHistory* history : found->second) keys.emplace_back(history->key());
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace kvshim::mvcc
