// KeyTree: every key of the store in bytewise order, with the number of live keys below each node,
// so that counting a range costs two descents whatever its size.
//
// A B+tree: leaves of up to 64 keys, linked from left to right, with one bit a key that says
// whether it is live; inner nodes of up to 64 children with the lowest key each may hold.
// Invariants: every leaf is at the same depth; erasing leaves no node less than a quarter full;
// `live` of a node is the number of set bits below it.
//
// Thread safety: none; the index's lock guards it. Histories keep their address until erased; an
// iterator is good until the next insertion or erasure.
//
//   KeyHistory& history = tree.FindOrInsert("/a");
//   tree.SetLive("/a", true);
//   tree.CountLive(KeyRange("/", "0")) == 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "mvcc/key_history.h"
#include "mvcc/key_range.h"

namespace kvshim::mvcc {

class KeyTree {
 public:
  KeyTree();
  ~KeyTree();
  KeyTree(const KeyTree&) = delete;
  KeyTree& operator=(const KeyTree&) = delete;

  void Swap(KeyTree& other) {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
  }

 private:
  struct Node;
  struct Leaf;
  struct Inner;

 public:
  class Iterator {
   public:
    explicit operator bool() const { return leaf_ != nullptr; }
    KeyHistory& operator*() const;
    KeyHistory* operator->() const { return &**this; }
    void Next();

   private:
    friend class KeyTree;
    Iterator(const Leaf* leaf, size_t index) : leaf_(leaf), index_(index) { SkipEnd(); }
    void SkipEnd();

    const Leaf* leaf_;
    size_t index_;
  };

  KeyHistory* Find(std::string_view key) const;
  // A new history has no versions and is not live.
  KeyHistory& FindOrInsert(std::string_view key);
  // The key must be there.
  void SetLive(std::string_view key, bool live);
  void Erase(std::string_view key);

  // The first key at or above this one.
  Iterator LowerBound(std::string_view key) const;

  int64_t CountLive(const KeyRange& range) const;
  size_t size() const { return size_; }
  int64_t live() const;

 private:
  // Live keys below `key`.
  int64_t Rank(std::string_view key) const;

  std::unique_ptr<Node> root_;
  size_t size_ = 0;
};

}  // namespace kvshim::mvcc
