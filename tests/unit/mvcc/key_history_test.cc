#include "mvcc/key_history.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>

namespace kvshim::mvcc {
namespace {

struct Written {
  int64_t main;
  uint32_t sub = 0;
  bool tombstone = false;
};

std::unique_ptr<KeyHistory> HistoryOf(std::initializer_list<Written> written) {
  auto history = KeyHistory::Make("k");
  for (const Written& w : written) {
    Version& version = history->versions.emplace_back();
    version.main = w.main;
    version.sub = w.sub;
    version.tombstone = w.tombstone;
  }
  return history;
}

TEST(KeyHistory, HoldsItsKeyWhateverIsInIt) {
  for (const std::string& key :
       {std::string("a"), std::string(5000, 'k'), std::string("\0a\0", 3)}) {
    EXPECT_EQ(KeyHistory::Make(key)->key(), key);
  }
}

TEST(KeyHistory, ShowsTheNewestVersionAtOrBelowARevision) {
  const auto history = HistoryOf({{3}, {5}, {9}});
  EXPECT_EQ(history->At(2), nullptr);
  EXPECT_EQ(history->At(3)->main, 3);
  EXPECT_EQ(history->At(4)->main, 3);
  EXPECT_EQ(history->At(5)->main, 5);
  EXPECT_EQ(history->At(8)->main, 5);
  EXPECT_EQ(history->At(9)->main, 9);
  EXPECT_EQ(history->At(1000)->main, 9);
}

TEST(KeyHistory, ShowsTheLastChangeOfARevision) {
  const auto history = HistoryOf({{3}, {5, 0}, {5, 4, true}, {7}});
  EXPECT_EQ(history->At(5)->sub, 4u);
  EXPECT_TRUE(history->At(6)->tombstone);
}

TEST(KeyHistory, ShowsNothingWhereThereIsNoVersion) {
  EXPECT_EQ(HistoryOf({})->At(5), nullptr);
  EXPECT_FALSE(HistoryOf({})->live());
}

TEST(KeyHistory, LivesUnlessItsNewestVersionIsATombstone) {
  EXPECT_TRUE(HistoryOf({{3}})->live());
  EXPECT_FALSE(HistoryOf({{3}, {4, 0, true}})->live());
  EXPECT_TRUE(HistoryOf({{3}, {4, 0, true}, {6}})->live());
}

TEST(KeyHistory, FindsAVersionByItsExactRevisionOnly) {
  const auto history = HistoryOf({{3}, {5, 0}, {5, 4}, {7, 1}});
  EXPECT_EQ(history->Find({5, 4}), &history->versions[2]);
  EXPECT_EQ(history->Find({5, 0}), &history->versions[1]);
  EXPECT_EQ(history->Find({5, 1}), nullptr);
  EXPECT_EQ(history->Find({4, 0}), nullptr);
  EXPECT_EQ(history->Find({7, 0}), nullptr);
  EXPECT_EQ(history->Find({8, 0}), nullptr);
}

TEST(KeyHistory, KeepsTheVersionInForceAtTheCompactedRevision) {
  const auto history = HistoryOf({{3}, {5}, {9}});
  EXPECT_EQ(history->DeadAt(2), 0u);
  EXPECT_EQ(history->DeadAt(3), 0u);
  EXPECT_EQ(history->DeadAt(4), 0u);
  EXPECT_EQ(history->DeadAt(5), 1u);
  EXPECT_EQ(history->DeadAt(8), 1u);
  EXPECT_EQ(history->DeadAt(9), 2u);
  EXPECT_EQ(history->DeadAt(100), 2u);
}

TEST(KeyHistory, KeepsATombstoneAtTheCompactedRevisionOnly) {
  const auto history = HistoryOf({{3}, {5, 0, true}, {9}});
  EXPECT_EQ(history->DeadAt(4), 0u);
  EXPECT_EQ(history->DeadAt(5), 1u) << "a watch may still start there";
  EXPECT_EQ(history->DeadAt(6), 2u);
  EXPECT_EQ(HistoryOf({{3}, {5, 0, true}})->DeadAt(6), 2u) << "nothing is left of a deleted key";
}

TEST(KeyHistory, LosesWhatWasReplacedWithinTheCompactedRevision) {
  EXPECT_EQ(HistoryOf({{5, 0}, {5, 1, true}})->DeadAt(5), 1u);
  EXPECT_EQ(HistoryOf({{5, 0, true}, {5, 1}})->DeadAt(5), 1u);
}

}  // namespace
}  // namespace kvshim::mvcc
