#include "mvcc/key_tree.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>

namespace kvshim::mvcc {
namespace {

const std::string kZero(1, '\0');

// A tree beside a map that says which keys are there, and whether each lives.
class Pair {
 public:
  void Insert(const std::string& key) {
    KeyHistory& history = tree.FindOrInsert(key);
    ASSERT_EQ(history.key(), key);
    ASSERT_EQ(history.versions.empty(), !map.contains(key)) << "not the history of before";
    // A history without versions is not live; the index gives each one at once.
    if (history.versions.empty()) history.versions.emplace_back().tombstone = true;
    map.try_emplace(key, false);
  }

  void SetLive(const std::string& key, bool live) {
    if (map.at(key) == live) return;
    map[key] = live;
    tree.Find(key)->versions.back().tombstone = !live;
    tree.SetLive(key, live);
  }

  void Erase(const std::string& key) {
    tree.Erase(key);
    map.erase(key);
  }

  void CheckCount(const KeyRange& range) const {
    int64_t expected = 0;
    for (auto it = map.lower_bound(range.begin()); it != map.end() && range.Contains(it->first);
         ++it) {
      expected += it->second ? 1 : 0;
    }
    ASSERT_EQ(expected, tree.CountLive(range)) << range.begin() << ".." << range.end();
  }

  void CheckAll() const {
    ASSERT_EQ(map.size(), tree.size());
    int64_t live = 0;
    auto it = tree.LowerBound("");
    for (const auto& [key, lives] : map) {
      ASSERT_TRUE(it);
      ASSERT_EQ(key, it->key());
      ASSERT_EQ(lives, it->live());
      ASSERT_EQ(tree.Find(key), &*it);
      live += lives ? 1 : 0;
      it.Next();
    }
    ASSERT_FALSE(it);
    ASSERT_EQ(live, tree.live());
    ASSERT_EQ(live, tree.CountLive(KeyRange(kZero, kZero)));
  }

  KeyTree tree;
  std::map<std::string, bool> map;
};

std::string RandomKey(std::mt19937& random, uint32_t keys) {
  return "/registry/" + std::to_string(random() % keys);
}

void CheckRandomCounts(const Pair& pair, std::mt19937& random, uint32_t keys) {
  for (int i = 0; i < 8; ++i) {
    std::string begin = RandomKey(random, keys);
    std::string end = RandomKey(random, keys);
    if (i < 6 && end < begin) std::swap(begin, end);
    pair.CheckCount(KeyRange(begin, end));
  }
  pair.CheckCount(KeyRange(RandomKey(random, keys), ""));
  pair.CheckCount(KeyRange(RandomKey(random, keys), kZero));
}

TEST(KeyTree, IsEmptyAtFirst) {
  const KeyTree tree;
  EXPECT_EQ(tree.size(), 0u);
  EXPECT_EQ(tree.live(), 0);
  EXPECT_EQ(tree.Find("a"), nullptr);
  EXPECT_FALSE(tree.LowerBound(""));
  EXPECT_EQ(tree.CountLive(KeyRange(kZero, kZero)), 0);
}

TEST(KeyTree, OrdersKeysByTheirBytes) {
  const std::string ordered[] = {kZero, kZero + kZero, "A",    "a",    "a" + kZero, "aa",
                                 "b",   "\x7f",        "\x80", "\xff", "\xff\xff"};
  KeyTree tree;
  for (auto key = std::rbegin(ordered); key != std::rend(ordered); ++key) tree.FindOrInsert(*key);
  auto it = tree.LowerBound("");
  for (const std::string& key : ordered) {
    ASSERT_TRUE(it);
    EXPECT_EQ(it->key(), key);
    it.Next();
  }
  EXPECT_FALSE(it);
}

TEST(KeyTree, LowerBoundIsTheFirstKeyNotBelow) {
  KeyTree tree;
  for (int i = 0; i < 1000; ++i) tree.FindOrInsert(std::to_string(10000 + 2 * i));
  EXPECT_EQ(tree.LowerBound("10500")->key(), "10500");
  EXPECT_EQ(tree.LowerBound("10501")->key(), "10502");
  EXPECT_EQ(tree.LowerBound("0")->key(), "10000");
  EXPECT_EQ(tree.LowerBound("11998")->key(), "11998");
  EXPECT_FALSE(tree.LowerBound("11999"));
}

TEST(KeyTree, CountsOnlyWhatLives) {
  Pair pair;
  for (const char* key : {"a", "b", "c", "d"}) pair.Insert(key);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("a", "z")), 0);
  pair.SetLive("b", true);
  pair.SetLive("c", true);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("a", "z")), 2);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("a", "c")), 1);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("c", kZero)), 1);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("c", "")), 1);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("d", "")), 0);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("c", "b")), 0);
  pair.SetLive("b", false);
  EXPECT_EQ(pair.tree.CountLive(KeyRange("a", "z")), 1);
}

TEST(KeyTree, HistoriesKeepTheirAddressWhileOthersComeAndGo) {
  Pair pair;
  pair.Insert("/registry/5000");
  const KeyHistory* address = pair.tree.Find("/registry/5000");
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const std::string key = RandomKey(random, 10000);
    if (key == "/registry/5000") continue;
    if (i % 3 == 2) {
      pair.Erase(key);
    } else {
      pair.Insert(key);
    }
  }
  EXPECT_EQ(pair.tree.Find("/registry/5000"), address);
}

TEST(KeyTree, HoldsRandomInsertionsErasuresAndChangesOfLife) {
  constexpr uint32_t kKeys = 20000;
  for (const uint32_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Pair pair;
    // It grows, shrinks to almost nothing, and grows again.
    for (const uint32_t inserted_of_ten : {8, 1, 6}) {
      for (uint32_t i = 0; i < 3 * kKeys; ++i) {
        const std::string key = RandomKey(random, kKeys);
        if (random() % 10 < inserted_of_ten) {
          ASSERT_NO_FATAL_FAILURE(pair.Insert(key));
          pair.SetLive(key, random() % 4 != 0);
        } else {
          pair.Erase(key);
        }
        if (i % 200 == 0) {
          ASSERT_NO_FATAL_FAILURE(CheckRandomCounts(pair, random, kKeys));
        }
      }
      ASSERT_NO_FATAL_FAILURE(pair.CheckAll());
    }
    while (!pair.map.empty()) {
      const auto at = pair.map.lower_bound(RandomKey(random, kKeys));
      pair.Erase(std::string(at == pair.map.end() ? pair.map.begin()->first : at->first));
    }
    ASSERT_NO_FATAL_FAILURE(pair.CheckAll());
  }
}

TEST(KeyTree, TakesKeysInAscendingAndInDescendingOrder) {
  constexpr int kKeys = 20000;
  for (const bool ascending : {true, false}) {
    SCOPED_TRACE(ascending);
    Pair pair;
    std::mt19937 random(7);
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = "/" + std::to_string(100000 + (ascending ? i : kKeys - i));
      ASSERT_NO_FATAL_FAILURE(pair.Insert(key));
      pair.SetLive(key, i % 3 != 0);
    }
    ASSERT_NO_FATAL_FAILURE(pair.CheckAll());
    for (int i = 0; i < 200; ++i) {
      const int begin = 100000 + static_cast<int>(random() % kKeys);
      const int end = begin + static_cast<int>(random() % 2000);
      ASSERT_NO_FATAL_FAILURE(
          pair.CheckCount(KeyRange("/" + std::to_string(begin), "/" + std::to_string(end))));
    }
  }
}

TEST(KeyTree, ErasesFromTheFrontAsACompactionDoes) {
  Pair pair;
  for (int i = 0; i < 10000; ++i) {
    const std::string key = std::to_string(100000 + i);
    pair.Insert(key);
    pair.SetLive(key, true);
  }
  for (int i = 0; i < 10000; ++i) {
    pair.Erase(std::to_string(100000 + i));
    if (i % 500 == 0) {
      ASSERT_NO_FATAL_FAILURE(pair.CheckAll());
    }
  }
  EXPECT_EQ(pair.tree.size(), 0u);
}

TEST(KeyTree, ErasingAnUnknownKeyChangesNothing) {
  Pair pair;
  pair.Insert("a");
  pair.SetLive("a", true);
  pair.tree.Erase("b");
  pair.CheckAll();
}

}  // namespace
}  // namespace kvshim::mvcc
