#include "store/alarms.h"

#include <algorithm>
#include <utility>

namespace kvshim::store {

void Alarms::Set(const Alarm& alarm) {
  base::MutexLock lock(mutex_);
  if (std::find(alarms_.begin(), alarms_.end(), alarm) == alarms_.end()) alarms_.push_back(alarm);
  Summarize();
}

void Alarms::Clear(const Alarm& alarm) {
  base::MutexLock lock(mutex_);
  std::erase(alarms_, alarm);
  Summarize();
}

void Alarms::Replace(std::vector<Alarm> alarms) {
  base::MutexLock lock(mutex_);
  alarms_ = std::move(alarms);
  Summarize();
}

std::vector<Alarm> Alarms::all() const {
  base::MutexLock lock(mutex_);
  return alarms_;
}

void Alarms::Summarize() {
  const auto has = [&](AlarmType type) {
    return std::any_of(alarms_.begin(), alarms_.end(),
                       [&](const Alarm& alarm) { return alarm.type == type; });
  };
  no_space_.store(has(AlarmType::kNoSpace), std::memory_order_relaxed);
  corrupt_.store(has(AlarmType::kCorrupt), std::memory_order_relaxed);
}

}  // namespace kvshim::store
