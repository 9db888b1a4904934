#include "store/compactor.h"

#include <pthread.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/logger.h"
#include "mvcc/errors.h"
#include "store/compaction_pace.h"

namespace kvshim::store {
namespace {

constexpr size_t kKeysAStep = 500;
constexpr std::chrono::milliseconds kBetweenSteps{1};  // commits and reads come first
constexpr size_t kMostDead = size_t{1} << 19;          // 8 MiB of revisions
constexpr int64_t kPagesAStep = 256;
// Free pages that are kept: the next writes use them.
constexpr int64_t kPagesKept = 256;
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kLastRetry{10000};

}  // namespace

Compactor::Compactor(log::Log& log, mvcc::Index& index, const StoreOptions& options,
                     base::MetricsRegistry& metrics, Duties duties)
    : log_(log),
      index_(index),
      options_(options),
      duties_(std::move(duties)),
      deleted_rows_(metrics.AddCounter("etcd_debugging_mvcc_db_compaction_keys_total",
                                       "Total number of db keys compacted.")),
      pause_seconds_(
          metrics.AddHistogram("kvshim_compaction_step_seconds",
                               "How long one step of deleting compacted rows held the database.")),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kv-compactor");
}

void Compactor::Compacted(int64_t revision) {
  base::MutexLock lock(mutex_);
  wanted_ = std::max(wanted_, revision);
  changed_.NotifyAll();
}

void Compactor::Sweep() {
  base::MutexLock lock(mutex_);
  sweep_ = true;
  changed_.NotifyAll();
}

void Compactor::WhenReclaimed(int64_t revision, absl::AnyInvocable<void(absl::Status)> done) {
  {
    base::MutexLock lock(mutex_);
    if (done_ < revision && !stopping_) {
      waiters_.emplace_back(revision, std::move(done));
      return;
    }
  }
  done(absl::OkStatus());
}

void Compactor::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  Finish(INT64_MAX, mvcc::Stopped());
}

void Compactor::Run() {
  while (true) {
    int64_t revision;
    bool sweep;
    {
      base::MutexLock lock(mutex_);
      while (wanted_ <= done_ && !sweep_ && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      revision = wanted_;
      sweep = std::exchange(sweep_, false);
    }
    if (sweep && !SweepRows(revision)) return;
    if (revision <= done()) continue;
    const base::TimePoint started = base::Clock::Real().Now();
    const double deleted_before = deleted_rows_.Value();
    if (!Reclaim(revision)) return;
    base::Log(base::Level::kInfo, "compacted",
              {{"revision", revision},
               {"rows", static_cast<int64_t>(deleted_rows_.Value() - deleted_before)},
               {"took", base::Clock::Real().Now() - started}});
    Finish(revision, absl::OkStatus());
    if (!Vacuum()) return;
  }
}

int64_t Compactor::done() {
  base::MutexLock lock(mutex_);
  return done_;
}

bool Compactor::Reclaim(int64_t revision) {
  const bool deletes = duties_.may_delete();
  if (deletes && !Persist([&] { return duties_.raise_floor(revision); })) return false;
  std::string cursor;
  std::vector<mvcc::Revision> dead;
  bool more = true;
  while (more) {
    more = index_.Reclaim(revision, cursor, kKeysAStep, dead);
    if (more && !Pause(kBetweenSteps)) return false;
    // Keys lie across the log, and so do the versions that die of some of them. Of all keys
    // together, taken in the order of the log, whole pages go at once.
    if (dead.size() < kMostDead && more) continue;
    if (!deletes) dead.clear();
    const size_t batch = options_.compaction_batch_rows;
    std::sort(dead.begin(), dead.end());
    for (size_t start = 0; start < dead.size(); start += batch) {
      const size_t count = std::min(batch, dead.size() - start);
      const auto begin = dead.begin() + static_cast<ptrdiff_t>(start);
      if (!Delete({begin, begin + static_cast<ptrdiff_t>(count)})) return false;
      deleted_rows_.Increment(static_cast<double>(count));
      if (!Rest(count)) return false;
    }
    dead.clear();
  }
  return true;
}

bool Compactor::SweepRows(int64_t revision) {
  // The owner before may have died before it raised the floor to the newest compaction.
  if (revision > 0 && duties_.may_delete() &&
      !Persist([&] { return duties_.raise_floor(revision); })) {
    return false;
  }
  const int64_t deleted_before = static_cast<int64_t>(deleted_rows_.Value());
  mvcc::Revision after;
  bool more = true;
  while (more && duties_.may_delete()) {
    std::vector<mvcc::Revision> dead;
    const auto read = [&] {
      dead.clear();
      mvcc::Revision last = after;
      const auto end = log_.ListDeletable(after, options_.compaction_batch_rows,
                                          [&](mvcc::Revision revision, std::string_view key) {
                                            last = revision;
                                            mvcc::Index::View view(index_);
                                            if (!view.Has(key, revision)) dead.push_back(revision);
                                          });
      if (!end.ok()) return end.status();
      more = *end;
      after = last;
      return absl::OkStatus();
    };
    if (!Persist(read)) return false;
    if (!dead.empty()) {
      if (!Delete(dead)) return false;
      deleted_rows_.Increment(static_cast<double>(dead.size()));
    }
    if (!Rest(dead.size())) return false;
  }
  if (const auto deleted = static_cast<int64_t>(deleted_rows_.Value()) - deleted_before;
      deleted > 0) {
    base::Log(base::Level::kInfo, "deleted rows that another server had left", {{"rows", deleted}});
  }
  return true;
}

bool Compactor::Delete(const std::vector<mvcc::Revision>& rows) {
  return Persist([&] {
    const base::TimePoint started = base::Clock::Real().Now();
    absl::Status status = log_.DeleteRows(rows);
    pause_seconds_.Observe(
        std::chrono::duration<double>(base::Clock::Real().Now() - started).count());
    return status;
  });
}

bool Compactor::Vacuum() {
  auto free = log_.Vacuum(0);
  while (free.ok() && *free > kPagesKept) {
    if (!Pause(options_.compaction_pause)) return false;
    const int64_t before = *free;
    free = log_.Vacuum(std::min(kPagesAStep, *free - kPagesKept));
    if (free.ok() && *free >= before) break;
  }
  if (!free.ok()) {
    base::Log(base::Level::kWarning, "cannot give free space back", {{"error", free.status()}});
  }
  return true;
}

bool Compactor::Persist(const std::function<absl::Status()>& attempt) {
  std::chrono::milliseconds pause = kFirstRetry;
  while (true) {
    const absl::Status status = attempt();
    if (status.ok()) return true;
    base::Log(base::Level::kWarning, "compaction waits for the database", {{"error", status}});
    if (!Pause(pause)) return false;
    pause = std::min(pause * 2, kLastRetry);
  }
}

bool Compactor::Rest(size_t deleted) {
  CompactionPace pace(deleted, index_.stats().versions);
  do {
    if (!Pause(options_.compaction_pause)) return false;
  } while (pace.RestsOn(index_.stats().versions));
  return true;
}

bool Compactor::Pause(std::chrono::milliseconds duration) {
  const base::TimePoint until = base::Clock::Real().Now() + duration;
  base::MutexLock lock(mutex_);
  while (!stopping_ && changed_.WaitUntil(mutex_, until)) {
  }
  return !stopping_;
}

void Compactor::Finish(int64_t revision, const absl::Status& status) {
  std::vector<std::pair<int64_t, absl::AnyInvocable<void(absl::Status)>>> due;
  {
    base::MutexLock lock(mutex_);
    if (status.ok()) done_ = std::max(done_, revision);
    const auto later = std::partition(waiters_.begin(), waiters_.end(),
                                      [&](const auto& waiter) { return waiter.first > revision; });
    std::move(later, waiters_.end(), std::back_inserter(due));
    waiters_.erase(later, waiters_.end());
  }
  for (auto& waiter : due) waiter.second(status);
}

}  // namespace kvshim::store
