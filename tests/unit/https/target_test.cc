#include "https/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvplane::https {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, IsDecodedOnce) {
  const auto target = Target::Parse("/api/v1/pods/a%2520b?labelSelector=a%3Db%2Cc+d&watch&x=");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->path, "/api/v1/pods/a%20b");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("labelSelector", "a=b,c d"), Pair("watch", ""), Pair("x", "")));
}

TEST(Target, MayNameItsHost) {
  EXPECT_EQ(Target::Parse("https://host:6443/version")->path, "/version");
  EXPECT_EQ(Target::Parse("https://host")->path, "/");
}

TEST(Target, APlusInAPathIsAPlus) { EXPECT_EQ(Target::Parse("/a+b")->path, "/a+b"); }

TEST(Target, DotsThatAreNoSegmentsStay) {
  EXPECT_EQ(Target::Parse("/.well-known/a..b/...")->path, "/.well-known/a..b/...");
}

TEST(Target, RefusesWhatHasNoPlainMeaning) {
  for (const char* text : {"", "*", "api", "/..", "/.", "/a/../b", "/a/./b", "/a/%2e%2e/b",
                           "/a%2f..%2fb", "/%", "/%1", "/%zz", "/a%00b", "/a?x=%zz", "/a?x=%00"}) {
    EXPECT_FALSE(Target::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace kvplane::https
