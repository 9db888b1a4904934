#include "micro/filled_index.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <vector>

namespace kvshim::micro {

FilledIndex::FilledIndex(int64_t keys) : keys_(keys) {
  std::vector<int64_t> numbers(static_cast<size_t>(keys));
  std::iota(numbers.begin(), numbers.end(), 0);
  std::shuffle(numbers.begin(), numbers.end(), random_);
  for (const int64_t number : numbers) Put(PodKey(number));
  before_updates_ = index_.revision();
  for (int64_t i = 0; i < kUpdates; ++i) Put(NextKey());
}

FilledIndex& FilledIndex::Of(int64_t keys) {
  static std::map<int64_t, FilledIndex> filled;
  return filled.try_emplace(keys, keys).first->second;
}

KeyValue FilledIndex::NextVersion(const std::string& key, int64_t revision) const {
  const mvcc::Index::View view(index_);
  const mvcc::KeyHistory* history = view.Find(key);
  const bool lives = history != nullptr && history->live();
  return KeyValue::Make({.key = key,
                         .value = value_,
                         .create_revision = lives ? history->create_revision : revision,
                         .mod_revision = revision,
                         .version = lives ? history->version + 1 : 1});
}

void FilledIndex::Put(const std::string& key) {
  const KeyValue kv = NextVersion(key, index_.revision() + 1);
  index_.Apply(std::span(&kv, 1), kv.mod_revision());
}

}  // namespace kvshim::micro
