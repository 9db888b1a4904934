#include "controller/work_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kvplane::controller {
namespace {

using kvshim::base::Executor;
using kvshim::base::FakeClock;
using std::chrono::milliseconds;
using std::chrono::seconds;

class WorkQueueTest : public testing::Test {
 protected:
  ~WorkQueueTest() override { queue_.Stop(); }

  absl::Status Look(const std::string& key) {
    std::unique_lock lock(mutex_);
    looks_.push_back(key);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hold_; });
    return fails_ ? absl::InternalError("not yet") : absl::OkStatus();
  }
  std::vector<std::string> Looks() {
    std::lock_guard lock(mutex_);
    return looks_;
  }
  void AwaitLooks(size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return looks_.size() >= count; }));
  }
  void Hold(bool hold) {
    std::lock_guard lock(mutex_);
    hold_ = hold;
    changed_.notify_all();
  }
  void Fail(bool fails) {
    std::lock_guard lock(mutex_);
    fails_ = fails;
  }
  void Pass(kvshim::base::Duration time) {
    clock_.Advance(time);
    workers_.RunDue();
  }

  FakeClock clock_;
  Executor workers_{{.name = "workers", .threads = 4, .clock = &clock_}};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> looks_;
  bool hold_ = false;
  bool fails_ = false;
  WorkQueue queue_{
      {.name = "test", .concurrency = 2}, workers_, clock_, [this](const std::string& key) {
        return Look(key);
      }};
};

using Keys = std::vector<std::string>;

TEST_F(WorkQueueTest, LooksAtNothingBeforeItStarts) {
  queue_.Add("a");
  queue_.AddAfter("b", seconds(1));
  Pass(seconds(2));
  EXPECT_EQ(Looks(), Keys());
  queue_.Start();
  workers_.RunDue();
  EXPECT_EQ(Looks().size(), 2u);
}

TEST_F(WorkQueueTest, LooksOnceAtAKeyThatWasAddedOften) {
  for (int i = 0; i < 10; ++i) queue_.Add("a");
  queue_.Start();
  workers_.RunDue();
  EXPECT_EQ(Looks(), Keys{"a"});
}

TEST_F(WorkQueueTest, LooksAgainAtAKeyThatIsAddedDuringTheLookButNotAtTheSameTime) {
  queue_.Start();
  Hold(true);
  queue_.Add("a");
  AwaitLooks(1);
  queue_.Add("a");
  queue_.Add("a");
  queue_.Add("b");
  AwaitLooks(2);
  EXPECT_EQ(Looks(), (Keys{"a", "b"}));
  Hold(false);
  workers_.RunDue();
  EXPECT_EQ(Looks(), (Keys{"a", "b", "a"}));
}

TEST_F(WorkQueueTest, HasNoMoreLooksAtOnceThanItMay) {
  queue_.Start();
  Hold(true);
  for (const char* key : {"a", "b", "c", "d"}) queue_.Add(key);
  AwaitLooks(2);
  EXPECT_EQ(queue_.size(), 2u);
  Hold(false);
  workers_.RunDue();
  EXPECT_EQ(Looks().size(), 4u);
}

TEST_F(WorkQueueTest, TriesAFailureAgainAfterPausesThatDouble) {
  queue_.Start();
  Fail(true);
  queue_.Add("a");
  workers_.RunDue();
  for (const int pause : {5, 10, 20, 40}) {
    const size_t before = Looks().size();
    Pass(milliseconds(pause - 1));
    EXPECT_EQ(Looks().size(), before) << pause;
    Pass(milliseconds(1));
    EXPECT_EQ(Looks().size(), before + 1) << pause;
  }
  Fail(false);
  Pass(milliseconds(80));
  // Well again: the next failure begins with the shortest pause.
  Fail(true);
  queue_.Add("a");
  workers_.RunDue();
  const size_t before = Looks().size();
  Pass(milliseconds(5));
  EXPECT_EQ(Looks().size(), before + 1);
}

TEST_F(WorkQueueTest, PausesNeverGrowBeyondTheLongest) {
  queue_.Start();
  Fail(true);
  queue_.Add("a");
  workers_.RunDue();
  for (int i = 0; i < 60; ++i) Pass(seconds(1000));
  EXPECT_EQ(Looks().size(), 61u);
}

TEST_F(WorkQueueTest, TheSoonestOfSeveralTimesCounts) {
  queue_.Start();
  queue_.AddAfter("a", seconds(10));
  queue_.AddAfter("a", seconds(5));
  queue_.AddAfter("a", seconds(20));
  Pass(seconds(4));
  EXPECT_EQ(Looks(), Keys());
  Pass(seconds(1));
  EXPECT_EQ(Looks(), Keys{"a"});
  Pass(seconds(60));
  EXPECT_EQ(Looks(), Keys{"a"});
}

TEST_F(WorkQueueTest, StopWaitsForTheLookThatRunsAndDropsTheRest) {
  queue_.Start();
  Hold(true);
  queue_.Add("a");
  AwaitLooks(1);
  queue_.AddAfter("b", seconds(1));
  std::thread stopping([&] { queue_.Stop(); });
  Hold(false);
  stopping.join();
  queue_.Add("c");
  Pass(seconds(2));
  EXPECT_EQ(Looks(), Keys{"a"});
}

TEST_F(WorkQueueTest, OneQueueDoesNotKeepAnotherWaiting) {
  WorkQueue other({.name = "other"}, workers_, clock_,
                  [this](const std::string& key) { return Look("other/" + key); });
  queue_.Start();
  other.Start();
  Hold(true);
  for (int i = 0; i < 1000; ++i) queue_.Add(std::to_string(i));
  AwaitLooks(2);
  other.Add("x");
  AwaitLooks(3);
  EXPECT_EQ(Looks().back(), "other/x");
  Hold(false);
  other.Stop();
}

}  // namespace
}  // namespace kvplane::controller
