#include "watch/recent_events.h"

#include <algorithm>

namespace kvshim::watch {

void RecentEvents::Add(std::span<const Event> events) {
  for (const Event& event : events) {
    bytes_ += event.wire_size(/*with_prev_kv=*/true);
    events_.push_back(event);
  }
  while (!events_.empty() && (bytes_ > max_bytes_ || events_.size() > max_events_)) {
    DropOldestRevision();
  }
}

void RecentEvents::DropOldestRevision() {
  const int64_t revision = events_.front().revision();
  while (!events_.empty() && events_.front().revision() == revision) {
    bytes_ -= events_.front().wire_size(/*with_prev_kv=*/true);
    events_.pop_front();
  }
  first_ = revision + 1;
}

void RecentEvents::Reset(int64_t revision) {
  events_.clear();
  bytes_ = 0;
  first_ = revision + 1;
}

void RecentEvents::Collect(const mvcc::KeyRange& range, int64_t from,
                           std::vector<const Event*>& out) const {
  auto event = std::partition_point(events_.begin(), events_.end(),
                                    [from](const Event& e) { return e.revision() < from; });
  for (; event != events_.end(); ++event) {
    if (range.Contains(event->kv().key())) out.push_back(&*event);
  }
}

}  // namespace kvshim::watch
