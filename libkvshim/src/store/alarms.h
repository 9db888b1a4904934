// Alarms: which alarms are raised. They live in the log; this is what memory knows of them.
//
// Thread safety: every method may be called from any thread; changes come from the committer.
#pragma once

#include <atomic>
#include <vector>

#include "base/mutex.h"
#include "kvshim/store.h"

namespace kvshim::store {

class Alarms {
 public:
  void Set(const Alarm& alarm);
  void Clear(const Alarm& alarm);
  void Replace(std::vector<Alarm> alarms);

  bool no_space() const { return no_space_.load(std::memory_order_relaxed); }
  bool corrupt() const { return corrupt_.load(std::memory_order_relaxed); }
  std::vector<Alarm> all() const;

 private:
  void Summarize() REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  std::vector<Alarm> alarms_ GUARDED_BY(mutex_);
  std::atomic<bool> no_space_{false};
  std::atomic<bool> corrupt_{false};
};

}  // namespace kvshim::store
