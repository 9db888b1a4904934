#include "kvshim/key_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace kvshim {
namespace {

using namespace std::string_literals;

TEST(KeyValue, GivesBackItsFields) {
  const std::string key = "a\0\xff"s;
  const std::string value(300, 'v');
  const KeyValue kv = KeyValue::Make({.key = key,
                                      .value = value,
                                      .create_revision = 2,
                                      .mod_revision = 1'000'000'000'000,
                                      .version = 7,
                                      .lease = LeaseId(-5),
                                      .sub = 3});
  EXPECT_EQ(kv.key(), key);
  EXPECT_EQ(kv.value(), value);
  EXPECT_EQ(kv.create_revision(), 2);
  EXPECT_EQ(kv.mod_revision(), 1'000'000'000'000);
  EXPECT_EQ(kv.version(), 7);
  EXPECT_EQ(kv.lease(), LeaseId(-5));
  EXPECT_EQ(kv.sub(), 3u);
  EXPECT_FALSE(kv.is_tombstone());
}

TEST(KeyValue, IsEncodedInTheOrderOfItsFields) {
  const KeyValue kv = KeyValue::Make({.key = "ab",
                                      .value = "x",
                                      .create_revision = 2,
                                      .mod_revision = 300,
                                      .version = 1,
                                      .lease = LeaseId(9)});
  EXPECT_EQ(kv.wire(),
            "\x0a\x02"
            "ab\x10\x02\x18\xac\x02\x20\x01\x2a\x01x\x30\x09"s);
}

TEST(KeyValue, LeavesDefaultsOutOfItsEncoding) {
  const KeyValue kv =
      KeyValue::Make({.key = "a", .create_revision = 2, .mod_revision = 2, .version = 1});
  EXPECT_EQ(kv.wire(),
            "\x0a\x01"
            "a\x10\x02\x18\x02\x20\x01"s);
  EXPECT_EQ(kv.value(), "");
}

TEST(KeyValue, EncodesTheWidestNumbers) {
  const KeyValue kv = KeyValue::Make({.key = "a",
                                      .mod_revision = std::numeric_limits<int64_t>::max(),
                                      .version = 1,
                                      .lease = LeaseId(-1)});
  EXPECT_EQ(kv.wire(),
            "\x0a\x01"
            "a\x18\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x20\x01"
            "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST(KeyValue, TombstoneHoldsItsKeyAndRevisionOnly) {
  const KeyValue kv = KeyValue::Tombstone("a", 5, 2);
  EXPECT_TRUE(kv.is_tombstone());
  EXPECT_EQ(kv.key(), "a");
  EXPECT_EQ(kv.mod_revision(), 5);
  EXPECT_EQ(kv.sub(), 2u);
  EXPECT_EQ(kv.create_revision(), 0);
  EXPECT_EQ(kv.wire(),
            "\x0a\x01"
            "a\x18\x05"s);
}

TEST(KeyValue, CopiesShareTheBytes) {
  KeyValue kv = KeyValue::Make({.key = "a", .value = "1", .version = 1});
  const KeyValue copy = kv;
  EXPECT_EQ(copy.value().data(), kv.value().data());
  kv = {};
  EXPECT_FALSE(kv);
  EXPECT_EQ(copy.value(), "1");
}

TEST(KeyValue, MovingLeavesAnEmptyHandle) {
  KeyValue kv = KeyValue::Make({.key = "a", .version = 1});
  const KeyValue moved = std::move(kv);
  EXPECT_FALSE(kv);
  EXPECT_EQ(moved.key(), "a");
}

TEST(KeyValue, RetainedBytesOutliveTheHandle) {
  KeyValue kv = KeyValue::Make({.key = "a", .value = "1", .version = 1});
  const std::string_view wire = kv.wire();
  void* retained = kv.Retain();
  const std::string before(wire);
  kv = {};
  EXPECT_EQ(wire, before);
  KeyValue::Release(retained);
}

TEST(KeyValue, IsTouchedUntilTheTouchIsTaken) {
  const KeyValue kv = KeyValue::Make({.key = "a", .version = 1});
  EXPECT_TRUE(kv.TakeTouch()) << "what was just made was just used";
  EXPECT_FALSE(kv.TakeTouch());
  kv.Touch();
  EXPECT_TRUE(kv.TakeTouch());
}

}  // namespace
}  // namespace kvshim
