#include "mvcc/range_read.h"

#include <gtest/gtest.h>

#include "store.h"

namespace kvshim::mvcc {
namespace {

const std::string kZero(1, '\0');

// a=3 (created 2, modified 5, version 2), b=1 (3), c=2 (4), d deleted at 7.
class RangeRead : public testing::Test {
 protected:
  RangeRead() {
    store.Put("a", "1");
    store.Put("b", "1");
    store.Put("c", "2");
    store.Put("a", "3");
    store.Put("d", "4");
    store.Delete("d");
  }

  std::string List(const RangeRequest& request) { return Listed(store.Range(request).kvs); }

  Store store;
};

TEST_F(RangeRead, OneKey) {
  const RangeResponse response = store.Range({.key = "a"});
  EXPECT_EQ(Listed(response.kvs), "a=3");
  EXPECT_EQ(response.count, 1);
  EXPECT_FALSE(response.more);
  EXPECT_EQ(response.kvs[0].create_revision(), 2);
  EXPECT_EQ(response.kvs[0].mod_revision(), 5);
  EXPECT_EQ(response.kvs[0].version(), 2);
}

TEST_F(RangeRead, AMissingOrDeletedKeyIsAnEmptyAnswer) {
  for (const char* key : {"aa", "d"}) {
    const RangeResponse response = store.Range({.key = key});
    EXPECT_TRUE(response.kvs.empty());
    EXPECT_EQ(response.count, 0);
    EXPECT_FALSE(response.more);
  }
}

TEST_F(RangeRead, ARangeEndsBeforeItsEnd) {
  EXPECT_EQ(List({.key = "a", .range_end = "c"}), "a=3 b=1");
  EXPECT_EQ(List({.key = "b", .range_end = kZero}), "b=1 c=2");
  EXPECT_EQ(List({.key = kZero, .range_end = kZero}), "a=3 b=1 c=2");
  EXPECT_EQ(List({.key = "c", .range_end = "a"}), "");
}

TEST_F(RangeRead, AnOlderRevisionShowsWhatWasThen) {
  EXPECT_EQ(List({.key = "a", .range_end = "z", .revision = 1}), "");
  EXPECT_EQ(List({.key = "a", .range_end = "z", .revision = 3}), "a=1 b=1");
  EXPECT_EQ(List({.key = "a", .range_end = "z", .revision = 6}), "a=3 b=1 c=2 d=4");
  EXPECT_EQ(store.Range({.key = "a", .range_end = "z", .revision = 6}).count, 4);
}

TEST_F(RangeRead, TheLimitCutsTheAnswerButNotTheCount) {
  const RangeResponse cut = store.Range({.key = "a", .range_end = "z", .limit = 2});
  EXPECT_EQ(Listed(cut.kvs), "a=3 b=1");
  EXPECT_TRUE(cut.more);
  EXPECT_EQ(cut.count, 3);
  EXPECT_FALSE(store.Range({.key = "a", .range_end = "z", .limit = 3}).more);
  EXPECT_EQ(List({.key = "a", .range_end = "z", .limit = -1}), "a=3 b=1 c=2");
}

TEST_F(RangeRead, CountOnlyCountsAndNothingElse) {
  const RangeResponse response =
      store.Range({.key = "a", .range_end = "z", .limit = 1, .count_only = true});
  EXPECT_EQ(response.count, 3);
  EXPECT_TRUE(response.kvs.empty());
  EXPECT_FALSE(response.more);
}

TEST_F(RangeRead, KeysOnlyLeavesTheValuesOut) {
  const RangeResponse response = store.Range({.key = "a", .range_end = "z", .keys_only = true});
  EXPECT_EQ(Listed(response.kvs), "a= b= c=");
  EXPECT_EQ(response.kvs[0].version(), 2);
}

TEST_F(RangeRead, SortsBeforeItCuts) {
  const RangeResponse response = store.Range({.key = "a",
                                              .range_end = "z",
                                              .limit = 2,
                                              .sort_order = SortOrder::kDescend,
                                              .sort_target = SortTarget::kMod});
  EXPECT_EQ(Listed(response.kvs), "a=3 c=2");
  EXPECT_TRUE(response.more);
}

TEST_F(RangeRead, SortsByEveryTarget) {
  const auto sorted = [&](SortOrder order, SortTarget target) {
    return List({.key = "a", .range_end = "z", .sort_order = order, .sort_target = target});
  };
  EXPECT_EQ(sorted(SortOrder::kAscend, SortTarget::kKey), "a=3 b=1 c=2");
  EXPECT_EQ(sorted(SortOrder::kDescend, SortTarget::kKey), "c=2 b=1 a=3");
  EXPECT_EQ(sorted(SortOrder::kAscend, SortTarget::kVersion), "b=1 c=2 a=3");
  EXPECT_EQ(sorted(SortOrder::kDescend, SortTarget::kVersion), "a=3 b=1 c=2");
  EXPECT_EQ(sorted(SortOrder::kAscend, SortTarget::kCreate), "a=3 b=1 c=2");
  EXPECT_EQ(sorted(SortOrder::kDescend, SortTarget::kCreate), "c=2 b=1 a=3");
  EXPECT_EQ(sorted(SortOrder::kAscend, SortTarget::kMod), "b=1 c=2 a=3");
  EXPECT_EQ(sorted(SortOrder::kAscend, SortTarget::kValue), "b=1 c=2 a=3");
  EXPECT_EQ(sorted(SortOrder::kDescend, SortTarget::kValue), "a=3 c=2 b=1");
  EXPECT_EQ(sorted(SortOrder::kNone, SortTarget::kValue), "b=1 c=2 a=3")
      << "a target alone sorts ascending";
}

TEST_F(RangeRead, SortsByAValueThatIsNotReturned) {
  EXPECT_EQ(List({.key = "a",
                  .range_end = "z",
                  .sort_order = SortOrder::kAscend,
                  .sort_target = SortTarget::kValue,
                  .keys_only = true}),
            "b= c= a=");
}

TEST_F(RangeRead, FiltersByRevisionsButCountsEveryKey) {
  const RangeResponse recent = store.Range({.key = "a", .range_end = "z", .min_mod_revision = 4});
  EXPECT_EQ(Listed(recent.kvs), "a=3 c=2");
  EXPECT_EQ(recent.count, 3);
  EXPECT_FALSE(recent.more);
  EXPECT_EQ(List({.key = "a", .range_end = "z", .max_mod_revision = 4}), "b=1 c=2");
  EXPECT_EQ(List({.key = "a", .range_end = "z", .min_create_revision = 3}), "b=1 c=2");
  EXPECT_EQ(List({.key = "a", .range_end = "z", .max_create_revision = 3}), "a=3 b=1");
}

TEST_F(RangeRead, FiltersBeforeItCuts) {
  const RangeResponse response =
      store.Range({.key = "a", .range_end = "z", .limit = 1, .min_create_revision = 3});
  EXPECT_EQ(Listed(response.kvs), "b=1");
  EXPECT_TRUE(response.more);
  EXPECT_FALSE(
      store.Range({.key = "a", .range_end = "z", .limit = 2, .min_create_revision = 3}).more);
}

TEST_F(RangeRead, CountsAndKeysNeedNoValues) {
  Store bare(0);
  bare.Put("a", "1");
  bare.Put("b", "2");
  EXPECT_EQ(bare.Range({.key = "a", .range_end = "z", .count_only = true}).count, 2);
  EXPECT_EQ(Listed(bare.Range({.key = "a", .range_end = "z", .keys_only = true}).kvs), "a= b=");
  EXPECT_EQ(bare.fetches, 0);
  EXPECT_EQ(Listed(bare.Range({.key = "a", .range_end = "z"}).kvs), "a=1 b=2");
  EXPECT_EQ(bare.fetches, 1) << "all that is missing is wanted at once";
}

TEST_F(RangeRead, ComparesEveryTarget) {
  const auto holds = [&](CompareTarget target, CompareResult result, int64_t number) {
    return store.Holds({.result = result, .target = target, .key = "a", .number = number});
  };
  EXPECT_TRUE(holds(CompareTarget::kVersion, CompareResult::kEqual, 2));
  EXPECT_FALSE(holds(CompareTarget::kVersion, CompareResult::kEqual, 1));
  EXPECT_TRUE(holds(CompareTarget::kCreate, CompareResult::kLess, 3));
  EXPECT_FALSE(holds(CompareTarget::kCreate, CompareResult::kLess, 2));
  EXPECT_TRUE(holds(CompareTarget::kMod, CompareResult::kGreater, 4));
  EXPECT_FALSE(holds(CompareTarget::kMod, CompareResult::kGreater, 5));
  EXPECT_TRUE(holds(CompareTarget::kLease, CompareResult::kNotEqual, 1));
  EXPECT_FALSE(holds(CompareTarget::kLease, CompareResult::kNotEqual, 0));
}

TEST_F(RangeRead, ComparesValuesBytewise) {
  const auto holds = [&](CompareResult result, std::string value) {
    return store.Holds(
        {.result = result, .target = CompareTarget::kValue, .key = "a", .value = std::move(value)});
  };
  EXPECT_TRUE(holds(CompareResult::kEqual, "3"));
  EXPECT_TRUE(holds(CompareResult::kLess, "\xff"));
  EXPECT_TRUE(holds(CompareResult::kGreater, ""));
  EXPECT_FALSE(holds(CompareResult::kNotEqual, "3"));
}

TEST_F(RangeRead, AMissingKeyComparesAsZero) {
  EXPECT_TRUE(store.Holds({.target = CompareTarget::kCreate, .key = "d"}));
  EXPECT_TRUE(store.Holds({.target = CompareTarget::kVersion, .key = "nothing"}));
  EXPECT_FALSE(store.Holds(
      {.result = CompareResult::kGreater, .target = CompareTarget::kMod, .key = "nothing"}));
}

TEST_F(RangeRead, NoCompareOfAMissingKeysValueHolds) {
  for (const CompareResult result : {CompareResult::kEqual, CompareResult::kNotEqual,
                                     CompareResult::kLess, CompareResult::kGreater}) {
    EXPECT_FALSE(store.Holds(
        {.result = result, .target = CompareTarget::kValue, .key = "nothing", .value = ""}));
  }
}

TEST_F(RangeRead, ACompareOfARangeMustHoldForEachKey) {
  Compare compare{.result = CompareResult::kGreater,
                  .target = CompareTarget::kMod,
                  .key = "a",
                  .range_end = "z",
                  .number = 2};
  EXPECT_TRUE(store.Holds(compare));
  compare.number = 3;
  EXPECT_FALSE(store.Holds(compare));
  compare.key = "x";
  EXPECT_FALSE(store.Holds(compare)) << "an empty range compares as a missing key";
  compare.number = -1;
  EXPECT_TRUE(store.Holds(compare));
}

}  // namespace
}  // namespace kvshim::mvcc
