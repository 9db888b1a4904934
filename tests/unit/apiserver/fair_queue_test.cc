#include "apiserver/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kvplane::apiserver {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Requests that run until they are let go, and tell in which order they began.
class FairQueueTest : public testing::Test {
 protected:
  void Open(size_t threads, size_t reading, size_t changing = 100) {
    queue_ = std::make_unique<FairQueue>(
        FairQueueOptions{.threads = threads, .most = {reading, changing}});
  }
  ~FairQueueTest() override {
    LetGo(1000);
    queue_.reset();
  }

  void Ask(const std::string& user, const std::string& name, Lane lane = Lane::kReading) {
    queue_->Submit(
        lane, user,
        [this, name] {
          kvshim::base::MutexLock lock(mutex_);
          begun_.push_back(name);
          changed_.NotifyAll();
          while (let_go_ == 0) changed_.Wait(mutex_);
          --let_go_;
        },
        [this, name] {
          kvshim::base::MutexLock lock(mutex_);
          refused_.push_back(name);
        });
  }
  void LetGo(int count) {
    kvshim::base::MutexLock lock(mutex_);
    let_go_ += count;
    changed_.NotifyAll();
  }
  std::vector<std::string> AwaitBegun(size_t count) {
    kvshim::base::MutexLock lock(mutex_);
    while (begun_.size() < count) changed_.Wait(mutex_);
    return begun_;
  }
  std::vector<std::string> refused() {
    kvshim::base::MutexLock lock(mutex_);
    return refused_;
  }

  std::unique_ptr<FairQueue> queue_;
  kvshim::base::Mutex mutex_;
  kvshim::base::Condition changed_;
  int let_go_ GUARDED_BY(mutex_) = 0;
  std::vector<std::string> begun_ GUARDED_BY(mutex_);
  std::vector<std::string> refused_ GUARDED_BY(mutex_);
};

TEST_F(FairQueueTest, AnothersRequestGoesBeforeThoseOfWhoFloods) {
  Open(1, 1000);
  for (int i = 0; i < 500; ++i) Ask("flood", "flood");
  AwaitBegun(1);
  Ask("other", "first");
  Ask("third", "third");
  Ask("other", "second");
  LetGo(5);
  EXPECT_THAT(AwaitBegun(6), ElementsAre("flood", "first", "third", "flood", "second", "flood"));
  EXPECT_THAT(refused(), IsEmpty());
}

TEST_F(FairQueueTest, NobodyHasAllThreads) {
  Open(4, 1000);
  for (int i = 0; i < 10; ++i) Ask("flood", "flood");
  AwaitBegun(3);
  Ask("other", "other");
  EXPECT_THAT(AwaitBegun(4), ElementsAre("flood", "flood", "flood", "other"));
}

TEST_F(FairQueueTest, WhoFloodsIsRefusedNotWhoComesLast) {
  Open(1, 5);
  Ask("flood", "0");
  AwaitBegun(1);
  for (int i = 1; i < 8; ++i) Ask("flood", std::to_string(i));
  EXPECT_THAT(refused(), ElementsAre("5", "6", "7"));
  Ask("other", "other");
  EXPECT_THAT(refused(), ElementsAre("5", "6", "7", "4"));
  EXPECT_EQ(queue_->under_way(Lane::kReading), 5u);
  LetGo(1);
  EXPECT_EQ(AwaitBegun(2).back(), "other");
}

TEST_F(FairQueueTest, WhoHasNothingUnderWayIsNeverRefused) {
  Open(2, 1);
  Ask("flood", "flood");
  AwaitBegun(1);
  Ask("other", "other");
  EXPECT_EQ(AwaitBegun(2).back(), "other");
  // Its client may have the answer before the thread is back.
  Ask("other", "next");
  EXPECT_THAT(refused(), IsEmpty());
  Ask("other", "another");
  EXPECT_THAT(refused(), ElementsAre("another"));
}

TEST_F(FairQueueTest, WritersHaveRoomOfTheirOwn) {
  Open(1, 2, 1);
  Ask("a", "reading");
  AwaitBegun(1);
  Ask("a", "reading");
  Ask("a", "too many reading");
  Ask("a", "changing", Lane::kChanging);
  Ask("a", "too many changing", Lane::kChanging);
  EXPECT_THAT(refused(), ElementsAre("too many reading", "too many changing"));
}

TEST_F(FairQueueTest, WhatWaitsIsRunWhenItEnds) {
  Open(2, 100);
  for (int i = 0; i < 20; ++i) Ask("a", "a");
  LetGo(20);
  queue_.reset();
  EXPECT_EQ(AwaitBegun(20).size(), 20u);
}

}  // namespace
}  // namespace kvplane::apiserver
