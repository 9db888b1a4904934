#include "mvcc/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "mvcc/errors.h"
#include "store.h"

namespace kvshim::mvcc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kZero(1, '\0');
const KeyRange kAll(kZero, kZero);

std::vector<Revision> ReclaimAll(Index& index) {
  std::vector<Revision> dead;
  std::string cursor;
  while (index.Reclaim(index.compact_revision(), cursor, 2, dead)) {
  }
  return dead;
}

std::string Key(const char* prefix, int number) {
  return std::string(prefix).append(std::to_string(number));
}

int64_t Count(const Index& index, const KeyRange& range, int64_t revision) {
  return Index::View(index).CountLive(range, revision);
}

void RestoreFrom(const Store& store, int64_t compact_revision, Index& index) {
  for (const auto& [revision, kv] : store.log) {
    index.Restore({.revision = revision,
                   .key = kv.key(),
                   .tombstone = kv.is_tombstone(),
                   .create_revision = kv.create_revision(),
                   .version = kv.version(),
                   .lease = kv.lease()});
  }
  index.FinishRestore(store.index.revision(), compact_revision);
}

TEST(Index, BeginsEmptyAtRevisionOne) {
  const Index index(kAmple);
  EXPECT_EQ(index.revision(), 1);
  EXPECT_EQ(Count(index, kAll, 1), 0);
  EXPECT_EQ(index.stats().versions, 0);
}

TEST(Index, CanBeReadFromTheCompactedToTheNewestRevision) {
  Store store;
  for (int i = 0; i < 4; ++i) store.Put("a", "1");
  store.index.Compact(3);
  const Index::View view(store.index);
  EXPECT_EQ(view.CheckReadable(2), Compacted());
  EXPECT_EQ(view.CheckReadable(3), absl::OkStatus());
  EXPECT_EQ(view.CheckReadable(5), absl::OkStatus());
  EXPECT_EQ(view.CheckReadable(6), FutureRevision());
}

TEST(Index, CountsWhatLivedAtAnyRevision) {
  Store store;
  store.Put("a", "1");
  store.Put("b", "1");
  store.Delete("a");
  store.Put("a", "2");
  const int64_t expected[] = {0, 1, 2, 1, 2};
  for (int64_t revision = 1; revision <= 5; ++revision) {
    EXPECT_EQ(Count(store.index, kAll, revision), expected[revision - 1]) << revision;
  }
  EXPECT_EQ(Count(store.index, KeyRange("a", "b"), 4), 0);
  EXPECT_EQ(Count(store.index, KeyRange("a", ""), 4), 0);
  EXPECT_EQ(Count(store.index, KeyRange("a", ""), 3), 1);
}

TEST(Index, CountsOfThePastAreRightHoweverManyKeysThereAre) {
  // Few changes since are undone one by one; many have every key looked at.
  Store store;
  for (int i = 0; i < 200; ++i) store.Put(Key("k", i), "");
  for (int i = 0; i < 50; ++i) store.Delete(Key("k", i));
  for (int i = 0; i < 25; ++i) store.Put(Key("k", i), "");
  EXPECT_EQ(Count(store.index, kAll, 276), 175);
  EXPECT_EQ(Count(store.index, kAll, 251), 150);
  EXPECT_EQ(Count(store.index, kAll, 241), 160);
  EXPECT_EQ(Count(store.index, kAll, 201), 200);
  EXPECT_EQ(Count(store.index, kAll, 11), 10);
  EXPECT_EQ(Count(store.index, KeyRange("k0", "k1"), 251), 0);
}

TEST(Index, ReclaimTellsWhatNobodyCanAskForAnyMore) {
  Store store;
  store.Put("a", "1");  // 2
  store.Put("a", "2");  // 3
  store.Put("b", "1");  // 4
  store.Delete("b");    // 5
  store.Put("a", "3");  // 6
  store.index.Compact(5);
  EXPECT_THAT(ReclaimAll(store.index), ElementsAre(Revision{2, 0}, Revision{4, 0}));
  EXPECT_EQ(store.index.stats().versions, 3) << "a watch from 5 on sees the deletion";
  EXPECT_EQ(Count(store.index, kAll, 5), 1);
  store.index.Compact(6);
  EXPECT_THAT(ReclaimAll(store.index), ElementsAre(Revision{3, 0}, Revision{5, 0}));
  EXPECT_EQ(store.index.stats().versions, 1);
  EXPECT_EQ(store.index.stats().histories, 1);
  EXPECT_EQ(Listed(store.Range({.key = "a"}).kvs), "a=3");
}

TEST(Index, ReclaimGoesOnBehindItsCursor) {
  Store store;
  for (const char* key : {"a", "b", "c"}) {
    store.Put(key, "1");
    store.Put(key, "2");
  }
  store.index.Compact(7);
  std::string cursor;
  std::vector<Revision> dead;
  EXPECT_TRUE(store.index.Reclaim(store.index.compact_revision(), cursor, 1, dead));
  EXPECT_THAT(dead, ElementsAre(Revision{2, 0}));
  EXPECT_TRUE(store.index.Reclaim(store.index.compact_revision(), cursor, 1, dead));
  EXPECT_FALSE(store.index.Reclaim(store.index.compact_revision(), cursor, 1, dead));
  EXPECT_THAT(dead, ElementsAre(Revision{2, 0}, Revision{4, 0}, Revision{6, 0}));
  EXPECT_THAT(ReclaimAll(store.index), IsEmpty()) << "each is told once";
}

TEST(Index, ADeletedKeyIsForgottenAndMayComeBack) {
  Store store;
  store.Put("a", "1");
  store.Delete("a");
  store.Put("b", "1");
  store.index.Compact(4);
  ReclaimAll(store.index);
  EXPECT_EQ(store.index.stats().histories, 1);
  store.Put("a", "2");
  EXPECT_EQ(store.Range({.key = "a"}).kvs.at(0).create_revision(), 5);
  EXPECT_EQ(Count(store.index, kAll, 4), 1);
}

TEST(Index, KnowsTheKeysOfALease) {
  Store store;
  store.leases.ids = {LeaseId(1), LeaseId(2)};
  store.Put("b", "", LeaseId(1));
  store.Put("a", "", LeaseId(1));
  store.Put("c", "", LeaseId(2));
  const auto keys = [&](int64_t lease) { return Index::View(store.index).KeysOf(LeaseId(lease)); };
  EXPECT_THAT(keys(1), ElementsAre("a", "b"));
  store.Put("b", "", LeaseId(2));
  EXPECT_THAT(keys(1), ElementsAre("a"));
  EXPECT_THAT(keys(2), ElementsAre("b", "c"));
  store.Put("c", "");
  store.Delete("a");
  EXPECT_THAT(keys(1), IsEmpty());
  EXPECT_THAT(keys(2), ElementsAre("b"));
  EXPECT_THAT(keys(0), IsEmpty());
}

TEST(Index, IsTheSameAfterARestart) {
  Store store;
  store.leases.ids = {LeaseId(1)};
  store.Put("a", "1");
  store.Put("b", "1", LeaseId(1));
  store.Delete("a");
  store.Put("b", "2", LeaseId(1));
  Index restored(kAmple);
  RestoreFrom(store, 0, restored);
  EXPECT_EQ(restored.revision(), 5);
  EXPECT_EQ(restored.stats().keys, 1);
  EXPECT_EQ(restored.stats().versions, 4);
  EXPECT_EQ(restored.stats().cached_bytes, 0) << "values come when they are asked for";
  for (int64_t revision = 1; revision <= 5; ++revision) {
    EXPECT_EQ(Count(restored, kAll, revision), Count(store.index, kAll, revision)) << revision;
  }
  EXPECT_THAT(Index::View(restored).KeysOf(LeaseId(1)), ElementsAre("b"));
}

TEST(Index, ARestartFinishesACompaction) {
  Store store;
  store.Put("a", "1");
  store.Put("a", "2");
  store.Delete("a");
  store.Put("b", "1");
  Index restored(kAmple);
  RestoreFrom(store, 5, restored);
  EXPECT_EQ(restored.compact_revision(), 5);
  EXPECT_THAT(ReclaimAll(restored), ElementsAre(Revision{2, 0}, Revision{3, 0}, Revision{4, 0}));
  EXPECT_EQ(restored.stats().histories, 1);
}

TEST(Index, StaysWithinItsMemoryBudget) {
  constexpr int64_t kBudget = 100'000;
  Store store(kBudget);
  const std::string value(1000, 'v');
  for (int i = 0; i < 500; ++i) {
    store.Put(Key("k", i), value);
    // The first round of the hand finds everything just written, and evicts nothing.
    ASSERT_LE(store.index.stats().cached_bytes, kBudget + 8 * 1100) << i;
  }
  EXPECT_GT(store.index.stats().cached_bytes, kBudget / 2) << "what fits is kept";
  EXPECT_GT(store.index.stats().evicted, 300);
  const RangeResponse response = store.Range({.key = "k", .range_end = "l"});
  EXPECT_EQ(response.kvs.size(), 500u);
  EXPECT_EQ(response.kvs[0].value(), value);
}

TEST(Index, SupersededVersionsLeaveMemoryFirst) {
  constexpr int64_t kBudget = 80'000;
  Store store(kBudget);
  store.Put("steady", std::string(1000, 's'));
  for (int i = 0; i < 500; ++i) store.Put("busy", std::string(1000, 'b'));
  EXPECT_LE(store.index.stats().cached_bytes, kBudget / 8 + 3000);
  store.Range({.key = "steady"});
  store.Range({.key = "busy"});
  EXPECT_EQ(store.fetches, 0) << "the newest version of each key is in memory";
  store.Range({.key = "busy", .revision = 3});
  EXPECT_EQ(store.fetches, 1);
}

TEST(Index, KeepsWhatIsReadOverWhatIsNot) {
  constexpr int64_t kBudget = 50'000;
  Store store(kBudget);
  store.installs = true;
  const std::string value(1000, 'v');
  for (int i = 0; i < 10; ++i) store.Put(Key("hot", i), value);
  for (int i = 0; i < 1000; ++i) {
    store.Put(Key("cold", i), value);
    for (int j = 0; j < 10; ++j) store.Range({.key = Key("hot", j)});
  }
  EXPECT_LT(store.fetches, 20) << "the hand passes what was read since";
}

TEST(Index, InstalledValuesNeedNotBeFetchedAgain) {
  Store store;
  store.Put("a", "1");
  store.Put("a", "2");
  Index restored(kAmple);
  RestoreFrom(store, 0, restored);
  restored.Install(std::vector<KeyValue>{store.log.at({2, 0}), store.log.at({3, 0})});
  const Index::View view(restored);
  Values values;
  EXPECT_EQ(IndexState(view, 2).Find("a")->Load(values).value(), "1");
  EXPECT_EQ(IndexState(view, 3).Find("a")->Load(values).value(), "2");
  EXPECT_THAT(values.wanted(), IsEmpty());
}

TEST(Index, AValueInstalledTwiceIsCountedOnce) {
  Store store;
  store.Put("a", "1");
  const int64_t before = store.index.stats().cached_bytes;
  store.index.Install(std::vector<KeyValue>{store.log.at({2, 0}), store.log.at({2, 0})});
  EXPECT_EQ(store.index.stats().cached_bytes, before);
}

TEST(Index, InstallingWhatIsGoneChangesNothing) {
  Store store;
  store.Put("a", "1");
  store.Put("a", "2");
  store.Put("b", "1");
  store.Delete("b");
  store.Put("c", "1");
  store.index.Compact(6);
  ReclaimAll(store.index);
  const int64_t before = store.index.stats().cached_bytes;
  store.index.Install(std::vector<KeyValue>{store.log.at({2, 0}), store.log.at({4, 0})});
  EXPECT_EQ(store.index.stats().cached_bytes, before);
  EXPECT_EQ(store.index.stats().versions, 2);
}

TEST(Index, LogNamesTheChangesThatAreNotCompacted) {
  Store store;
  store.Put("a", "1");
  store.Put("b", "1");
  ASSERT_EQ(store.DeleteRange({.key = "a", .range_end = "z"})->deleted, 2);
  store.index.Compact(3);
  const Index::View view(store.index);
  ASSERT_EQ(view.log().size(), 3u);
  EXPECT_EQ(view.log()[0].history->key(), "b");
  EXPECT_EQ(view.log()[2].main, 4);
  EXPECT_EQ(view.log()[2].sub, 1u);
  EXPECT_EQ(view.log().LowerBound(4), 1u);
  EXPECT_EQ(view.log().LowerBound(5), 3u);
}

// Two keys always change together; each view must show them so, whatever goes on meanwhile.
TEST(Index, AViewBelongsToOneRevision) {
  Index index(2000);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const Index::View view(index);
        const IndexState state(view, view.revision());
        const auto first = state.Find("first");
        const auto last = state.Find("last");
        ASSERT_EQ(first.has_value(), last.has_value());
        ASSERT_EQ(view.CountLive(KeyRange("first", "z"), view.revision()), first ? 2 : 0);
        const int64_t compacted = std::max<int64_t>(view.compact_revision(), 1);
        ASSERT_EQ(view.CountLive(KeyRange("first", "z"), compacted), compacted % 5 > 1 ? 2 : 0);
        if (!first.has_value()) continue;
        ASSERT_EQ(first->mod_revision(), view.revision());
        ASSERT_EQ(last->mod_revision(), view.revision());
        Values values;
        const KeyValue kv = last->Load(values);
        if (kv) {
          ASSERT_EQ(kv.mod_revision(), view.revision());
        }
      }
    });
  }
  for (int64_t revision = 2; revision < 5000; ++revision) {
    std::vector<KeyValue> changes;
    for (const char* key : {"first", "last"}) {
      const auto sub = static_cast<uint32_t>(changes.size());
      changes.push_back(revision % 5 > 1 ? KeyValue::Make({.key = key,
                                                           .value = "v",
                                                           .create_revision = revision,
                                                           .mod_revision = revision,
                                                           .version = 1,
                                                           .sub = sub})
                                         : KeyValue::Tombstone(key, revision, sub));
    }
    index.Apply(changes, revision);
    index.Install(changes);
    if (revision % 7 == 0) {
      index.Compact(revision - 3);
      ReclaimAll(index);
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace kvshim::mvcc
