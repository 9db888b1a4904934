// KeyHistory: the retained versions of one key, oldest first, and what must be known of the newest
// without its value.
//
// A key costs 64 bytes and itself, a version but the first 24; its value is there only while the
// cache holds it, and is read back from the log by its revision otherwise. A tombstone needs no
// value.
//
// Thread safety: none; the index's lock guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "kvshim/key_value.h"
#include "mvcc/revision.h"

namespace kvshim::mvcc {

struct Version {
  int64_t main = 0;
  uint32_t sub : 31 = 0;
  uint32_t tombstone : 1 = 0;
  KeyValue kv;  // empty where it is not in memory

  Revision revision() const { return {main, sub}; }
};

struct KeyHistory {
  // The key lies behind the history, in one piece of memory.
  static std::unique_ptr<KeyHistory> Make(std::string_view key);
  static void operator delete(void* memory) { ::operator delete(memory); }
  KeyHistory(const KeyHistory&) = delete;
  KeyHistory& operator=(const KeyHistory&) = delete;

  // Of the newest version; 0 where that is a tombstone.
  int64_t create_revision = 0;
  int64_t version = 0;
  LeaseId lease = kNoLease;
  absl::InlinedVector<Version, 1> versions;
  // Where the index keeps it among those whose newest value is in memory.
  static constexpr uint32_t kNotCached = UINT32_MAX;
  uint32_t cache_slot = kNotCached;

  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size_}; }
  bool live() const { return !versions.empty() && !versions.back().tombstone; }
  const Version& newest() const { return versions.back(); }

  // The version that is in force at revision `main`, or null where there is none: a tombstone
  // means that the key was deleted.
  const Version* At(int64_t main) const;
  // The version of exactly this revision, or null.
  Version* Find(Revision revision);

  // How many versions, from the oldest on, nobody can ask for once everything below `compact` is
  // compacted: those with a successor at or below it. A tombstone goes as well, except at `compact`
  // itself, where a watch may still start.
  size_t DeadAt(int64_t compact) const;

 private:
  explicit KeyHistory(size_t key_size) : key_size_(static_cast<uint32_t>(key_size)) {}

  const uint32_t key_size_;
};

}  // namespace kvshim::mvcc
