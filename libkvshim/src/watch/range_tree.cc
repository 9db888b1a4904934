#include "watch/range_tree.h"

#include <tuple>
#include <utility>

namespace kvshim::watch {
namespace {

using mvcc::KeyRange;

// <0, 0, >0 as `a` ends before, with, after `b`.
int CompareEnd(const KeyRange& a, const KeyRange& b) {
  if (a.is_unbounded() || b.is_unbounded()) {
    return static_cast<int>(a.is_unbounded()) - static_cast<int>(b.is_unbounded());
  }
  return a.end().compare(b.end());
}

int Compare(const KeyRange& a, const KeyRange& b) {
  const int begin = a.begin().compare(b.begin());
  return begin != 0 ? begin : CompareEnd(a, b);
}

void Update(RangeGroup* node) {
  node->furthest = node;
  for (const RangeGroup* child : {node->left, node->right}) {
    if (child != nullptr && CompareEnd(child->furthest->range, node->furthest->range) > 0) {
      node->furthest = child->furthest;
    }
  }
}

// Into the nodes before `range` and those after it.
std::pair<RangeGroup*, RangeGroup*> Split(RangeGroup* node, const KeyRange& range) {
  if (node == nullptr) return {nullptr, nullptr};
  if (Compare(node->range, range) < 0) {
    auto [before, after] = Split(node->right, range);
    node->right = before;
    Update(node);
    return {node, after};
  }
  auto [before, after] = Split(node->left, range);
  node->left = after;
  Update(node);
  return {before, node};
}

// Every node of `a` comes before every node of `b`.
RangeGroup* Join(RangeGroup* a, RangeGroup* b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (a->priority > b->priority) {
    a->right = Join(a->right, b);
    Update(a);
    return a;
  }
  b->left = Join(a, b->left);
  Update(b);
  return b;
}

RangeGroup* InsertInto(RangeGroup* node, RangeGroup* group) {
  if (node == nullptr || group->priority > node->priority) {
    std::tie(group->left, group->right) = Split(node, group->range);
    Update(group);
    return group;
  }
  RangeGroup*& child = Compare(group->range, node->range) < 0 ? node->left : node->right;
  child = InsertInto(child, group);
  Update(node);
  return node;
}

RangeGroup* EraseFrom(RangeGroup* node, RangeGroup* group) {
  if (node == group) return Join(node->left, node->right);
  RangeGroup*& child = Compare(group->range, node->range) < 0 ? node->left : node->right;
  child = EraseFrom(child, group);
  Update(node);
  return node;
}

}  // namespace

RangeGroup* RangeTree::Find(const KeyRange& range) const {
  RangeGroup* node = root_;
  while (node != nullptr) {
    const int order = Compare(range, node->range);
    if (order == 0) return node;
    node = order < 0 ? node->left : node->right;
  }
  return nullptr;
}

void RangeTree::Insert(RangeGroup* group) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  group->priority = random_;
  root_ = InsertInto(root_, group);
}

void RangeTree::Erase(RangeGroup* group) {
  root_ = EraseFrom(root_, group);
  group->left = nullptr;
  group->right = nullptr;
  group->furthest = nullptr;
}

}  // namespace kvshim::watch
