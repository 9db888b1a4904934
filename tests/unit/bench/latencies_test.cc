#include "bench/load/latencies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvshim::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Latencies, PercentilesAreAtMostASixtyFourthOff) {
  Latencies latencies;
  for (int i = 1; i <= 10'000; ++i) latencies.Add(microseconds(i));
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const double exact = percent * 100'000;
    const auto found = static_cast<double>(latencies.Percentile(percent).count());
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * 65 / 64) << percent;
  }
}

TEST(Latencies, OfNothingAreZero) {
  Latencies latencies;
  EXPECT_EQ(latencies.Percentile(99), nanoseconds(0));
  latencies.Add(microseconds(5));
  latencies.Clear();
  EXPECT_EQ(latencies.Percentile(99), nanoseconds(0));
  EXPECT_EQ(latencies.count(), 0U);
}

TEST(Latencies, TakeWhatIsLongAndWhatIsLessThanNothing) {
  Latencies latencies;
  latencies.Add(std::chrono::hours(24 * 365));
  latencies.Add(nanoseconds(-1));
  EXPECT_EQ(latencies.Percentile(50), nanoseconds(0));
  EXPECT_GE(latencies.Percentile(100), std::chrono::hours(24 * 365));
}

}  // namespace
}  // namespace kvshim::bench
