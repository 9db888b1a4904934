#include "watch/range_tree.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace kvshim::watch {
namespace {

std::set<const RangeGroup*> Containing(const RangeTree& tree, std::string_view key) {
  std::set<const RangeGroup*> found;
  tree.ForEachContaining(
      key, [&](RangeGroup& group) { EXPECT_TRUE(found.insert(&group).second) << "visited twice"; });
  return found;
}

TEST(RangeTree, FindsExactlyTheRangesThatContainAKey) {
  std::mt19937 random(7);
  const auto key = [&] { return std::to_string(random() % 300 + 100); };
  RangeTree tree;
  std::vector<std::unique_ptr<RangeGroup>> groups;
  for (int round = 0; round < 4000; ++round) {
    if (random() % 3 != 0 || groups.empty()) {
      const std::string begin = key();
      const std::string end = random() % 8 == 0 ? std::string(1, '\0') : key();
      const mvcc::KeyRange range(begin, end);
      if (range.is_empty() || tree.Find(range) != nullptr) continue;
      groups.push_back(std::make_unique<RangeGroup>(range));
      tree.Insert(groups.back().get());
      EXPECT_EQ(tree.Find(range), groups.back().get());
    } else {
      const size_t victim = random() % groups.size();
      tree.Erase(groups[victim].get());
      EXPECT_EQ(tree.Find(groups[victim]->range), nullptr);
      groups.erase(groups.begin() + static_cast<ptrdiff_t>(victim));
    }
    const std::string probe = key();
    std::set<const RangeGroup*> expected;
    for (const auto& group : groups) {
      if (group->range.Contains(probe)) expected.insert(group.get());
    }
    ASSERT_EQ(Containing(tree, probe), expected) << "round " << round;
  }
}

TEST(RangeTree, StaysShallowWhenRangesComeInOrder) {
  RangeTree tree;
  std::vector<std::unique_ptr<RangeGroup>> groups;
  for (int i = 0; i < 100000; ++i) {
    const std::string begin = std::to_string(1000000 + i);
    groups.push_back(std::make_unique<RangeGroup>(mvcc::KeyRange(begin, begin + "~")));
    tree.Insert(groups.back().get());
  }
  // A degenerate tree would be 100,000 calls deep and take minutes for this.
  for (int i = 0; i < 100000; ++i) {
    ASSERT_EQ(Containing(tree, std::to_string(1000000 + i) + "/x").size(), 1u);
  }
}

}  // namespace
}  // namespace kvshim::watch
