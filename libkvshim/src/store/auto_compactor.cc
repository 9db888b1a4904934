#include "store/auto_compactor.h"

#include <algorithm>

#include "base/logger.h"

namespace kvshim::store {
namespace {

constexpr base::Duration kRevisionTick = std::chrono::minutes(5);
constexpr base::Duration kLongestInterval = std::chrono::hours(1);

}  // namespace

AutoCompactor::AutoCompactor(const mvcc::Index& index, const StoreOptions& options,
                             base::Executor& timers, base::Clock& clock,
                             std::function<void(int64_t)> compact)
    : index_(index),
      mode_(options.compaction_mode),
      retention_(options.auto_compaction_retention),
      revisions_(options.auto_compaction_revisions),
      timers_(timers),
      clock_(clock),
      compact_(std::move(compact)) {}

void AutoCompactor::Start() {
  if (mode_ == CompactionMode::kPeriodic && retention_ > base::Duration(0)) {
    tick_ = std::min(retention_, kLongestInterval) / 10;
    last_compaction_ = clock_.Now();
    noted_.emplace_back(clock_.Now(), index_.revision());
  } else if (mode_ == CompactionMode::kRevision && revisions_ > 0) {
    tick_ = kRevisionTick;
  } else {
    return;
  }
  Schedule();
}

void AutoCompactor::Schedule() {
  timers_.Schedule(clock_.Now() + tick_, [this] { Tick(); });
}

void AutoCompactor::Tick() {
  const base::TimePoint now = clock_.Now();
  const int64_t target =
      mode_ == CompactionMode::kPeriodic ? PeriodicTarget(now) : index_.revision() - revisions_;
  if (target > std::max<int64_t>(index_.compact_revision(), 1)) {
    base::Log(base::Level::kInfo, "compacting automatically", {{"revision", target}});
    last_compaction_ = now;
    compact_(target);
  }
  Schedule();
}

int64_t AutoCompactor::PeriodicTarget(base::TimePoint now) {
  noted_.emplace_back(now, index_.revision());
  // The newest one that is old enough is in front.
  while (noted_.size() > 1 && now - noted_[1].first >= retention_) noted_.pop_front();
  const bool due = now - last_compaction_ >= std::min(retention_, kLongestInterval);
  return due && now - noted_.front().first >= retention_ ? noted_.front().second : 0;
}

}  // namespace kvshim::store
