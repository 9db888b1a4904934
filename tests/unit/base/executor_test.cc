#include "base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace kvshim::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Executor, RunsWhatWasQueuedBeforeItStops) {
  std::atomic<int> ran{0};
  Executor executor({.threads = 2});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(executor.Submit([&] { ++ran; }));
  executor.Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_FALSE(executor.Submit([&] { ++ran; }));
}

TEST(Executor, RefusesBeyondItsBound) {
  Executor executor({.threads = 1, .max_queued = 1});
  std::promise<void> started, release;
  ASSERT_TRUE(executor.Submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(executor.Submit([] {}));
  EXPECT_FALSE(executor.Submit([] {}));
  release.set_value();
}

TEST(Executor, TimersRunInTheOrderOfTheirTimes) {
  FakeClock clock;
  Executor executor({.threads = 1, .clock = &clock});
  std::string order;
  executor.Schedule(clock.Now() + seconds(2), [&] { order += "b"; });
  executor.Schedule(clock.Now() + seconds(1), [&] { order += "a"; });
  executor.Schedule(clock.Now() + seconds(9), [&] { order += "z"; });
  executor.RunDue();
  EXPECT_EQ(order, "");
  clock.Advance(seconds(3));
  executor.RunDue();
  EXPECT_EQ(order, "ab");
}

TEST(Executor, CancelledTimerNeverRuns) {
  FakeClock clock;
  Executor executor({.threads = 1, .clock = &clock});
  bool ran = false;
  const auto timer = executor.Schedule(clock.Now() + seconds(1), [&] { ran = true; });
  EXPECT_TRUE(executor.Cancel(timer));
  EXPECT_FALSE(executor.Cancel(timer));
  clock.Advance(seconds(2));
  executor.RunDue();
  EXPECT_FALSE(ran);
}

TEST(Executor, RealTimeComesByItself) {
  Executor executor({.threads = 1});
  std::promise<TimePoint> ran;
  const TimePoint due = Clock::Real().Now() + milliseconds(20);
  executor.Schedule(Clock::Real().Now() + seconds(100), [] {});
  executor.Schedule(due, [&] { ran.set_value(Clock::Real().Now()); });
  EXPECT_GE(ran.get_future().get(), due);
}

TEST(Executor, FunctionsAreDestroyedWhenItStops) {
  auto token = std::make_shared<int>();
  {
    FakeClock clock;
    Executor executor({.threads = 1, .clock = &clock});
    executor.Schedule(clock.Now() + seconds(1), [token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace kvshim::base
