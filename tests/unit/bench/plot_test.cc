#include "bench/load/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/load/numbers.h"

namespace kvshim::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(LinePlot, HasALineAndANameForEachSeries) {
  const std::string svg = ToSvg(LinePlot{
      .title = "a < b",
      .x = {"seconds"},
      .y = {"ms", true},
      .series = {{"kvshim", {{0, 1}, {1, 100}}}, {"absent", {}}, {"kine", {{0, 2}, {1, 100}}}}});
  EXPECT_EQ(Count(svg, "<polyline"), 2);
  EXPECT_THAT(svg, HasSubstr(">kvshim</text>"));
  EXPECT_THAT(svg, HasSubstr(">kine</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("absent")));
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(LinePlot, OfNothingOrOfOnePointIsStillAPlot) {
  EXPECT_THAT(ToSvg(LinePlot{.title = "none"}), HasSubstr("</svg>"));
  const std::string one = ToSvg(LinePlot{.title = "one", .series = {{"kvshim", {{1, 0}}}}});
  EXPECT_THAT(one, HasSubstr("</svg>"));
  EXPECT_THAT(one, Not(HasSubstr("nan")));
  EXPECT_THAT(one, Not(HasSubstr("inf")));
}

TEST(RatioPlot, LeavesOutRatiosThatThereAreNot) {
  const std::string svg = ToSvg(RatioPlot{
      .title = "ratios", .series = {"etcd", "kine"}, .rows = {{"get", {2, 0}}, {"put", {0.5, 4}}}});
  EXPECT_EQ(Count(svg, " ×</text>"), 3 + Count(svg, "text-anchor=\"middle\""));
}

TEST(Number, HasThreeDigitsThatMeanSomething) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(0.0123), "0.012");
  EXPECT_EQ(Number(1.234), "1.23");
  EXPECT_EQ(Number(5), "5");
  EXPECT_EQ(Number(20), "20");
  EXPECT_EQ(Number(999), "999");
  EXPECT_EQ(Number(12'345), "12,300");
  EXPECT_EQ(Number(1'234'567), "1,230,000");
}

}  // namespace
}  // namespace kvshim::bench
