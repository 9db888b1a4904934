// WatcherIndex: which groups of watchers a changed key concerns. Single keys by hash, ranges by a
// tree; watchers of the same range share one group, so a lookup costs the same for one and for ten
// thousand of them.
//
// Thread safety: none; the hub's lock guards it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "base/strings.h"
#include "mvcc/key_range.h"
#include "watch/range_tree.h"
#include "watch/watcher.h"

namespace kvshim::watch {

class WatcherIndex {
 public:
  // The group of the range, made where there is none yet.
  RangeGroup* Get(const mvcc::KeyRange& range);
  // Forgets and destroys a group.
  void Erase(RangeGroup* group);

  size_t groups() const { return single_.size() + ranges_.size(); }

  // visit(RangeGroup&) for each group whose range contains `key`, each once.
  template <typename Visit>
  void ForEachContaining(std::string_view key, Visit&& visit) const {
    const auto found = single_.find(base::ToAbsl(key));
    if (found != single_.end()) visit(*found->second);
    tree_.ForEachContaining(key, visit);
  }

 private:
  absl::flat_hash_map<std::string, std::unique_ptr<RangeGroup>> single_;
  absl::flat_hash_map<RangeGroup*, std::unique_ptr<RangeGroup>> ranges_;
  RangeTree tree_;  // of ranges_
};

}  // namespace kvshim::watch
