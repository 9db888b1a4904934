#include "store/gathering.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvshim::store {
namespace {

using std::chrono::microseconds;

constexpr base::TimePoint kStart{std::chrono::hours(1)};

// A commit of so many, of which the flush took 300 us.
Gathering After(size_t size, size_t behind = 0) {
  Gathering gathering;
  gathering.Committed(size, behind, microseconds(300 + 300 * size / 24), kStart);
  return gathering;
}

TEST(Gathering, WaitsForThoseThatHaveJustBeenAnswered) {
  Gathering gathering = After(8);
  const auto until = gathering.Begin(1, kStart + microseconds(100));
  ASSERT_TRUE(until.has_value());
  EXPECT_EQ(gathering.target(), 8u);
  EXPECT_GT(*until, kStart + microseconds(300));
  EXPECT_LE(*until, kStart + microseconds(900)) << "three flushes at most";
}

TEST(Gathering, WaitsForThoseBehindAsWell) {
  Gathering gathering = After(8, 3);
  ASSERT_TRUE(gathering.Begin(3, kStart).has_value());
  EXPECT_EQ(gathering.target(), 11u);
}

TEST(Gathering, NeverWaitsForAClientAlone) {
  EXPECT_FALSE(After(1).Begin(1, kStart + microseconds(50)).has_value());
}

TEST(Gathering, DoesNotWaitForAFewMore) {
  EXPECT_FALSE(After(8).Begin(6, kStart + microseconds(50)).has_value());
}

TEST(Gathering, DoesNotWaitForWhoSendsLater) {
  EXPECT_FALSE(After(8).Begin(1, kStart + microseconds(5000)).has_value());
}

TEST(Gathering, WaitsAsLongAsThoseToComeAreWorth) {
  // 14 wait: each bears a fourteenth of the flush.
  const auto until = After(14, 14).Begin(14, kStart);
  ASSERT_TRUE(until.has_value());
  EXPECT_NEAR((*until - kStart) / microseconds(1), 300, 5);
}

TEST(Gathering, TriesAgainLessAndLessOftenWhereNobodyComes) {
  Gathering gathering;
  int commits = 0;
  std::vector<int> waits;
  for (; waits.size() < 5; ++commits) {
    gathering.Committed(8, 2, microseconds(400), kStart);
    const auto until = gathering.Begin(2, kStart);
    ASSERT_TRUE(until.has_value());
    gathering.Ended(2, *until);
    if (gathering.target() == 10) waits.push_back(commits);
  }
  EXPECT_EQ(waits, (std::vector{0, 2, 5, 10, 19}));
}

TEST(Gathering, WaitsForAHalfWhereNotAllCome) {
  Gathering gathering;
  gathering.Committed(8, 2, microseconds(400), kStart);
  gathering.Ended(2, *gathering.Begin(2, kStart));
  gathering.Committed(8, 2, microseconds(400), kStart);
  ASSERT_TRUE(gathering.Begin(2, kStart).has_value());
  EXPECT_EQ(gathering.target(), 5u);
  gathering.Committed(8, 2, microseconds(400), kStart);
  gathering.Ended(2, *gathering.Begin(2, kStart));
  gathering.Committed(5, 5, microseconds(400), kStart);
  EXPECT_FALSE(gathering.Begin(5, kStart).has_value()) << "they are there";
}

TEST(Gathering, GoesOnWhereItPays) {
  Gathering gathering;
  for (int commit = 0; commit < 10; ++commit) {
    gathering.Committed(8, 0, microseconds(400), kStart);
    ASSERT_TRUE(gathering.Begin(1, kStart).has_value()) << commit;
    gathering.Ended(8, kStart + microseconds(200));
  }
}

}  // namespace
}  // namespace kvshim::store
