#include "watch/watcher_index.h"

namespace kvshim::watch {

RangeGroup* WatcherIndex::Get(const mvcc::KeyRange& range) {
  if (range.is_single()) {
    std::unique_ptr<RangeGroup>& group = single_[range.begin()];
    if (group == nullptr) group = std::make_unique<RangeGroup>(range);
    return group.get();
  }
  if (RangeGroup* group = tree_.Find(range)) return group;
  auto group = std::make_unique<RangeGroup>(range);
  RangeGroup* const raw = group.get();
  ranges_.emplace(raw, std::move(group));
  tree_.Insert(raw);
  return raw;
}

void WatcherIndex::Erase(RangeGroup* group) {
  if (group->range.is_single()) {
    single_.erase(single_.find(group->range.begin()));
    return;
  }
  tree_.Erase(group);
  ranges_.erase(group);
}

}  // namespace kvshim::watch
