// FilledIndex: an index of so many pods, each created in a revision of its own, in no order, and
// some of them updated afterwards.
//
// Thread safety: none.
//
//   FilledIndex& filled = FilledIndex::Of(1000);
//   mvcc::Index::View view(filled.index());
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "micro/pods.h"
#include "mvcc/index.h"

namespace kvshim::micro {

class FilledIndex {
 public:
  // What was done after the keys were there: as far as a list of many pages falls behind.
  static constexpr int64_t kUpdates = 1000;

  explicit FilledIndex(int64_t keys);
  // The one of this size, which lives as long as the program.
  static FilledIndex& Of(int64_t keys);

  mvcc::Index& index() { return index_; }
  int64_t keys() const { return keys_; }
  // The revision at which all keys were there and none was updated.
  int64_t before_updates() const { return before_updates_; }

  // A random key, the same ones in every run.
  const std::string& NextKey() { return key_ = PodKey(NextNumber()); }
  int64_t NextNumber() { return static_cast<int64_t>(random_() % static_cast<uint64_t>(keys_)); }

  // The version that a put of the key at this revision makes.
  KeyValue NextVersion(const std::string& key, int64_t revision) const;
  void Put(const std::string& key);

 private:
  const int64_t keys_;
  mvcc::Index index_{size_t{1} << 30};
  int64_t before_updates_ = 0;
  std::string key_;
  std::string value_ = PodValue(64);
  std::mt19937_64 random_{1};
};

}  // namespace kvshim::micro
