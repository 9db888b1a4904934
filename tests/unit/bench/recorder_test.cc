#include "bench/load/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Recorder, CountsBetweenBeginAndEndOnly) {
  Recorder recorder;
  const auto now = steady_clock::now();
  recorder.Add(milliseconds(1), now);
  recorder.Begin();
  recorder.Add(milliseconds(1), now);
  recorder.End();
  recorder.Add(milliseconds(1), now);
  EXPECT_EQ(recorder.operations(), 1U);
}

TEST(Recorder, TellsWhatHappenedWhen) {
  Recorder recorder;
  recorder.Begin();
  const auto begin = steady_clock::now();
  for (int i = 0; i < 5; ++i) recorder.Add(milliseconds(1 + i), begin);
  recorder.Add(milliseconds(70), begin + milliseconds(250));
  const std::vector<Moment> moments = recorder.moments();
  ASSERT_EQ(moments.size(), 3U);
  EXPECT_DOUBLE_EQ(moments[0].per_second, 50);
  EXPECT_DOUBLE_EQ(moments[0].worst_us, 5000);
  EXPECT_DOUBLE_EQ(moments[1].per_second, 0);
  EXPECT_DOUBLE_EQ(moments[2].worst_us, 70000);
}

TEST(Recorder, TellsItsProgressTwiceASecond) {
  std::vector<double> rates;
  Recorder recorder([&](double, double per_second) { rates.push_back(per_second); });
  recorder.Begin();
  const auto begin = steady_clock::now();
  for (int i = 0; i <= 2000; i += 10) recorder.Add(milliseconds(1), begin + milliseconds(i));
  ASSERT_GE(rates.size(), 3U);
  ASSERT_LE(rates.size(), 4U);
  for (const double rate : rates) EXPECT_NEAR(rate, 100, 5);
}

}  // namespace
}  // namespace kvshim::bench
