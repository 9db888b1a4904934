// RangeTree: the ranges that contain a key, in O(log n + matches).
//
// A treap ordered by (begin, end) whose nodes know which range of their subtree ends last: a
// subtree that ends at or before the key is skipped whole, and so is everything right of a node
// that begins after it. Random priorities keep it balanced whatever order ranges come in (clients
// create them in sorted order more often than not). Sorted segment lists were rejected: n nested
// ranges cost n² entries.
//
// Nodes are the groups themselves; the tree does not own them.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "mvcc/key_range.h"
#include "watch/watcher.h"

namespace kvshim::watch {

class RangeTree {
 public:
  // Null where there is no such range.
  RangeGroup* Find(const mvcc::KeyRange& range) const;
  // `group` is a range (not a single key) that is not in the tree.
  void Insert(RangeGroup* group);
  // `group` is in the tree.
  void Erase(RangeGroup* group);

  // visit(RangeGroup&) for each range that contains `key`.
  template <typename Visit>
  void ForEachContaining(std::string_view key, Visit&& visit) const {
    Walk(root_, key, visit);
  }

 private:
  static bool EndsAfter(const mvcc::KeyRange& range, std::string_view key) {
    return range.is_unbounded() || std::string_view(range.end()) > key;
  }

  template <typename Visit>
  static void Walk(RangeGroup* node, std::string_view key, Visit& visit) {
    while (node != nullptr && EndsAfter(node->furthest->range, key)) {
      Walk(node->left, key, visit);
      if (std::string_view(node->range.begin()) > key) return;
      if (EndsAfter(node->range, key)) visit(*node);
      node = node->right;
    }
  }

  RangeGroup* root_ = nullptr;
  uint32_t random_ = 0x9e3779b9;
};

}  // namespace kvshim::watch
