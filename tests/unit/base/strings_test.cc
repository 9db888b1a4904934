#include "base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Strings, SplitKeepsEmptyPieces) {
  EXPECT_THAT(Split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("a,", ','), ElementsAre("a", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(Strings, AListHasNoEmptyPieces) {
  EXPECT_THAT(SplitList("/a//b/", '/'), ElementsAre("a", "b"));
  EXPECT_THAT(SplitList("", ','), IsEmpty());
}

TEST(Strings, JoinPutsSeparatorsBetween) {
  EXPECT_EQ(Join({"a", "", "b"}, ", "), "a, , b");
  EXPECT_EQ(Join({}, ","), "");
}

}  // namespace
}  // namespace kvshim::base
