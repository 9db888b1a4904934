#include "mvcc/key_tree.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

namespace kvshim::mvcc {
namespace {

constexpr size_t kMaxSize = 64;  // of a leaf's keys, as of an inner node's children
constexpr size_t kMinSize = kMaxSize / 4;

uint64_t LowBits(size_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

uint64_t InsertBit(uint64_t bits, size_t position) {
  const uint64_t low = bits & LowBits(position);
  return low | ((bits & ~LowBits(position)) << 1);
}

uint64_t EraseBit(uint64_t bits, size_t position) {
  const uint64_t low = bits & LowBits(position);
  return low | ((bits >> 1) & ~LowBits(position));
}

}  // namespace

struct KeyTree::Node {
  explicit Node(bool leaf) : is_leaf(leaf) {}
  virtual ~Node() = default;

  virtual size_t size() const = 0;

  const bool is_leaf;
  int64_t live = 0;
};

struct KeyTree::Leaf final : Node {
  Leaf() : Node(true) { keys.reserve(kMaxSize); }

  size_t size() const override { return keys.size(); }

  // The first position whose key is at or above this one.
  size_t LowerBound(std::string_view key) const {
    const auto found = std::lower_bound(
        keys.begin(), keys.end(), key,
        [](const auto& history, std::string_view k) { return history->key() < k; });
    return static_cast<size_t>(found - keys.begin());
  }

  void Recount() { live = std::popcount(live_bits); }

  // Moves the keys from `position` on to the front of `right`, which must have room.
  void MoveTail(size_t position, Leaf& right) {
    const size_t moved = keys.size() - position;
    right.keys.insert(right.keys.begin(),
                      std::make_move_iterator(keys.begin() + static_cast<ptrdiff_t>(position)),
                      std::make_move_iterator(keys.end()));
    keys.resize(position);
    right.live_bits = moved == 0 ? right.live_bits
                                 : (moved >= 64 ? 0 : right.live_bits << moved) |
                                       (live_bits >> position & LowBits(moved));
    live_bits &= LowBits(position);
    Recount();
    right.Recount();
  }

  // Moves the first `count` keys of `right` to the end.
  void TakeHead(size_t count, Leaf& right) {
    if (count == 0) return;
    live_bits |= (right.live_bits & LowBits(count)) << keys.size();
    keys.insert(keys.end(), std::make_move_iterator(right.keys.begin()),
                std::make_move_iterator(right.keys.begin() + static_cast<ptrdiff_t>(count)));
    right.keys.erase(right.keys.begin(), right.keys.begin() + static_cast<ptrdiff_t>(count));
    right.live_bits = count >= 64 ? 0 : right.live_bits >> count;
    Recount();
    right.Recount();
  }

  std::vector<std::unique_ptr<KeyHistory>> keys;
  uint64_t live_bits = 0;
  Leaf* next = nullptr;
};

struct KeyTree::Inner final : Node {
  Inner() : Node(false) {}

  size_t size() const override { return children.size(); }

  // The child that may hold `key`.
  size_t ChildOf(std::string_view key) const {
    const auto after = std::upper_bound(lows.begin() + 1, lows.end(), key);
    return static_cast<size_t>(after - lows.begin()) - 1;
  }

  void Recount() {
    live = 0;
    for (const auto& child : children) live += child->live;
  }

  void MoveTail(size_t position, Inner& right) {
    const auto at = static_cast<ptrdiff_t>(position);
    right.lows.insert(right.lows.begin(), std::make_move_iterator(lows.begin() + at),
                      std::make_move_iterator(lows.end()));
    right.children.insert(right.children.begin(), std::make_move_iterator(children.begin() + at),
                          std::make_move_iterator(children.end()));
    lows.resize(position);
    children.resize(position);
    Recount();
    right.Recount();
  }

  void TakeHead(size_t count, Inner& right) {
    const auto end = static_cast<ptrdiff_t>(count);
    lows.insert(lows.end(), std::make_move_iterator(right.lows.begin()),
                std::make_move_iterator(right.lows.begin() + end));
    children.insert(children.end(), std::make_move_iterator(right.children.begin()),
                    std::make_move_iterator(right.children.begin() + end));
    right.lows.erase(right.lows.begin(), right.lows.begin() + end);
    right.children.erase(right.children.begin(), right.children.begin() + end);
    Recount();
    right.Recount();
  }

  struct Split {
    std::string low;
    std::unique_ptr<Node> right;
  };

  // Finds or inserts below `node`; where the node had to be split, gives its right half.
  static KeyHistory& Insert(Node& node, std::string_view key, bool& inserted, Split& split) {
    if (node.is_leaf) return InsertIntoLeaf(static_cast<Leaf&>(node), key, inserted, split);
    auto& inner = static_cast<Inner&>(node);
    const size_t child = inner.ChildOf(key);
    Split child_split;
    KeyHistory& history = Insert(*inner.children[child], key, inserted, child_split);
    if (child_split.right == nullptr) return history;
    const auto at = static_cast<ptrdiff_t>(child) + 1;
    inner.lows.insert(inner.lows.begin() + at, std::move(child_split.low));
    inner.children.insert(inner.children.begin() + at, std::move(child_split.right));
    if (inner.children.size() > kMaxSize) {
      auto right = std::make_unique<Inner>();
      inner.MoveTail(inner.children.size() / 2, *right);
      split.low = right->lows.front();
      split.right = std::move(right);
    }
    return history;
  }

  static KeyHistory& InsertIntoLeaf(Leaf& leaf, std::string_view key, bool& inserted,
                                    Split& split) {
    size_t position = leaf.LowerBound(key);
    if (position < leaf.keys.size() && leaf.keys[position]->key() == key) {
      return *leaf.keys[position];
    }
    inserted = true;
    Leaf* target = &leaf;
    if (leaf.keys.size() == kMaxSize) {
      auto right = std::make_unique<Leaf>();
      // Keys that come in ascending order leave full leaves behind.
      const bool appending = position == kMaxSize && leaf.next == nullptr;
      leaf.MoveTail(appending ? kMaxSize : kMaxSize / 2, *right);
      right->next = leaf.next;
      leaf.next = right.get();
      if (position >= leaf.keys.size()) {
        position -= leaf.keys.size();
        target = right.get();
      }
      split.right = std::move(right);
    }
    const auto at = static_cast<ptrdiff_t>(position);
    auto& history = **target->keys.insert(target->keys.begin() + at, KeyHistory::Make(key));
    target->live_bits = InsertBit(target->live_bits, position);
    if (split.right != nullptr) split.low = static_cast<Leaf&>(*split.right).keys.front()->key();
    return history;
  }

  // True where the key was there.
  static bool Erase(Node& node, std::string_view key) {
    if (node.is_leaf) {
      auto& leaf = static_cast<Leaf&>(node);
      const size_t position = leaf.LowerBound(key);
      if (position == leaf.keys.size() || leaf.keys[position]->key() != key) return false;
      leaf.keys.erase(leaf.keys.begin() + static_cast<ptrdiff_t>(position));
      leaf.live_bits = EraseBit(leaf.live_bits, position);
      leaf.Recount();
      return true;
    }
    auto& inner = static_cast<Inner&>(node);
    const size_t child = inner.ChildOf(key);
    if (!Erase(*inner.children[child], key)) return false;
    if (inner.children[child]->size() < kMinSize && inner.children.size() > 1) {
      inner.Refill(child == 0 ? 0 : child - 1);
    }
    inner.Recount();
    return true;
  }

  // Joins children `left` and `left` + 1 where they fit into one, else shares their contents out
  // evenly.
  void Refill(size_t left) {
    if (children[left]->is_leaf) {
      auto& a = static_cast<Leaf&>(*children[left]);
      auto& b = static_cast<Leaf&>(*children[left + 1]);
      if (a.size() + b.size() <= kMaxSize) {
        a.TakeHead(b.size(), b);
        a.next = b.next;
        DropChild(left + 1);
      } else {
        Share(a, b);
        lows[left + 1] = b.keys.front()->key();
      }
      return;
    }
    auto& a = static_cast<Inner&>(*children[left]);
    auto& b = static_cast<Inner&>(*children[left + 1]);
    b.lows.front() = lows[left + 1];
    if (a.size() + b.size() <= kMaxSize) {
      a.TakeHead(b.size(), b);
      DropChild(left + 1);
    } else {
      Share(a, b);
      lows[left + 1] = b.lows.front();
    }
  }

  template <typename Kind>
  static void Share(Kind& a, Kind& b) {
    const size_t half = (a.size() + b.size()) / 2;
    if (a.size() < half) {
      a.TakeHead(half - a.size(), b);
    } else {
      a.MoveTail(half, b);
    }
  }

  void DropChild(size_t child) {
    lows.erase(lows.begin() + static_cast<ptrdiff_t>(child));
    children.erase(children.begin() + static_cast<ptrdiff_t>(child));
  }

  // lows[i]: no key of children[i] is below it; lows[0] is not looked at.
  std::vector<std::string> lows;
  std::vector<std::unique_ptr<Node>> children;
};

KeyHistory& KeyTree::Iterator::operator*() const { return *leaf_->keys[index_]; }

void KeyTree::Iterator::Next() {
  ++index_;
  SkipEnd();
}

void KeyTree::Iterator::SkipEnd() {
  while (leaf_ != nullptr && index_ >= leaf_->keys.size()) {
    leaf_ = leaf_->next;
    index_ = 0;
  }
}

KeyTree::KeyTree() : root_(std::make_unique<Leaf>()) {}
KeyTree::~KeyTree() = default;

int64_t KeyTree::live() const { return root_->live; }

KeyTree::Iterator KeyTree::LowerBound(std::string_view key) const {
  const Node* node = root_.get();
  while (!node->is_leaf) {
    const auto& inner = static_cast<const Inner&>(*node);
    node = inner.children[inner.ChildOf(key)].get();
  }
  const auto& leaf = static_cast<const Leaf&>(*node);
  return Iterator(&leaf, leaf.LowerBound(key));
}

KeyHistory* KeyTree::Find(std::string_view key) const {
  const Iterator found = LowerBound(key);
  return found && found->key() == key ? &*found : nullptr;
}

KeyHistory& KeyTree::FindOrInsert(std::string_view key) {
  bool inserted = false;
  Inner::Split split;
  KeyHistory& history = Inner::Insert(*root_, key, inserted, split);
  if (inserted) ++size_;
  if (split.right != nullptr) {
    auto root = std::make_unique<Inner>();
    root->lows.emplace_back();
    root->lows.push_back(std::move(split.low));
    root->children.push_back(std::move(root_));
    root->children.push_back(std::move(split.right));
    root->Recount();
    root_ = std::move(root);
  }
  return history;
}

void KeyTree::SetLive(std::string_view key, bool live) {
  const int64_t change = live ? 1 : -1;
  Node* node = root_.get();
  node->live += change;
  while (!node->is_leaf) {
    auto& inner = static_cast<Inner&>(*node);
    node = inner.children[inner.ChildOf(key)].get();
    node->live += change;
  }
  auto& leaf = static_cast<Leaf&>(*node);
  leaf.live_bits ^= uint64_t{1} << leaf.LowerBound(key);
}

void KeyTree::Erase(std::string_view key) {
  if (!Inner::Erase(*root_, key)) return;
  --size_;
  while (!root_->is_leaf && root_->size() == 1) {
    std::unique_ptr<Node> child = std::move(static_cast<Inner&>(*root_).children.front());
    root_ = std::move(child);
  }
}

int64_t KeyTree::Rank(std::string_view key) const {
  int64_t rank = 0;
  const Node* node = root_.get();
  while (!node->is_leaf) {
    const auto& inner = static_cast<const Inner&>(*node);
    const size_t child = inner.ChildOf(key);
    for (size_t i = 0; i < child; ++i) rank += inner.children[i]->live;
    node = inner.children[child].get();
  }
  const auto& leaf = static_cast<const Leaf&>(*node);
  return rank + std::popcount(leaf.live_bits & LowBits(leaf.LowerBound(key)));
}

int64_t KeyTree::CountLive(const KeyRange& range) const {
  if (range.is_empty()) return 0;
  if (range.is_single()) {
    const KeyHistory* found = Find(range.begin());
    return found != nullptr && found->live() ? 1 : 0;
  }
  return (range.is_unbounded() ? live() : Rank(range.end())) - Rank(range.begin());
}

}  // namespace kvshim::mvcc
