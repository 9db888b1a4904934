#include "controller/work_queue.h"

#include <algorithm>
#include <utility>

#include "base/logger.h"
#include "registry/failure.h"

namespace kvplane::controller {

using kvshim::base::Level;
using kvshim::base::Log;
using kvshim::base::MutexLock;
using kvshim::base::TimePoint;

WorkQueue::WorkQueue(WorkQueueOptions options, kvshim::base::Executor& workers,
                     kvshim::base::Clock& clock, Look look)
    : options_(std::move(options)), workers_(workers), clock_(clock), look_(std::move(look)) {}

void WorkQueue::Add(const std::string& key) {
  MutexLock lock(mutex_);
  AddLocked(key);
}

void WorkQueue::AddLocked(const std::string& key) {
  if (stopping_ || !waiting_.insert(key).second) return;
  if (running_.contains(key)) return;  // comes when that look has ended
  ready_.push_back(key);
  Spawn();
}

void WorkQueue::AddAfter(const std::string& key, kvshim::base::Duration pause) {
  MutexLock lock(mutex_);
  if (pause <= pause.zero()) return AddLocked(key);
  AddAt(key, clock_.Now() + pause);
}

void WorkQueue::AddAt(const std::string& key, TimePoint at) {
  if (stopping_) return;
  const auto known = timers_.find(key);
  if (known != timers_.end()) {
    if (known->second.at <= at) return;
    // One that cannot be cancelled is about to fire, and finds that it is not the one any more.
    if (workers_.Cancel(known->second.id)) TaskEnds();
  }
  ++tasks_;
  timers_[key] = {at, workers_.Schedule(at, [this, key] { Fire(key); })};
}

void WorkQueue::Fire(const std::string& key) {
  MutexLock lock(mutex_);
  const auto known = timers_.find(key);
  if (known != timers_.end() && known->second.at <= clock_.Now()) {
    timers_.erase(known);
    AddLocked(key);
  }
  TaskEnds();
}

void WorkQueue::Start() {
  MutexLock lock(mutex_);
  started_ = true;
  for (size_t i = 0; i < options_.concurrency; ++i) Spawn();
}

void WorkQueue::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [key, timer] : timers_) {
    if (workers_.Cancel(timer.id)) TaskEnds();
  }
  timers_.clear();
  ready_.clear();
  while (tasks_ > 0) ended_.Wait(mutex_);
}

size_t WorkQueue::size() const {
  MutexLock lock(mutex_);
  return ready_.size();
}

void WorkQueue::Spawn() {
  const bool enough = looks_ >= options_.concurrency || looks_ - running_.size() >= ready_.size();
  if (!started_ || stopping_ || enough) return;
  if (!workers_.Submit([this] { Run(); })) return;
  ++looks_;
  ++tasks_;
}

void WorkQueue::Run() {
  std::string key;
  {
    MutexLock lock(mutex_);
    if (stopping_ || ready_.empty()) {
      --looks_;
      return TaskEnds();
    }
    key = std::move(ready_.front());
    ready_.pop_front();
    waiting_.erase(key);
    running_.insert(key);
  }
  const absl::Status status = look_(key);
  MutexLock lock(mutex_);
  --looks_;
  Settle(key, status);
  TaskEnds();
}

void WorkQueue::Settle(const std::string& key, const absl::Status& status) {
  running_.erase(key);
  if (status.ok()) {
    failures_.erase(key);
  } else if (!stopping_) {
    const int failures = failures_[key]++;
    const auto pause = std::min<std::chrono::milliseconds>(
        options_.first_pause * (int64_t{1} << std::min(failures, 30)), options_.longest_pause);
    // That another wrote in between is nobody's mistake.
    Log(registry::HasReason(status, "Conflict") ? Level::kDebug : Level::kWarning,
        "a controller failed; trying again",
        {{"queue", options_.name}, {"key", key}, {"again_in", pause}, {"error", status}});
    AddAt(key, clock_.Now() + pause);
  }
  if (!stopping_ && waiting_.contains(key)) ready_.push_back(key);
  Spawn();
}

void WorkQueue::TaskEnds() {
  if (--tasks_ == 0) ended_.NotifyAll();
}

}  // namespace kvplane::controller
