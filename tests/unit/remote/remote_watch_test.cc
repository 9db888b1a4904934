#include "remote/remote_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "etcd_fixture.h"

namespace kvshim::remote {
namespace {

// What an observer was told, in order.
class Heard {
 public:
  std::function<void(const WatchResponse&)> Observer() {
    return [this](const WatchResponse& response) {
      base::MutexLock lock(mutex_);
      for (const WatchEvent& event : response.events) {
        events_.push_back(std::string(event.kv.key()) + (event.is_delete() ? "-" : "+") +
                          std::to_string(event.kv.mod_revision()));
      }
      created_ += response.created ? 1 : 0;
      if (response.canceled) end_ = response;
      changed_.NotifyAll();
    };
  }
  template <typename Condition>
  void Await(Condition condition) {
    base::MutexLock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) ASSERT_TRUE(changed_.WaitUntil(mutex_, deadline)) << "nothing is heard";
  }
  void AwaitEvents(size_t count) NO_THREAD_SAFETY_ANALYSIS {
    Await([&] { return events_.size() >= count; });
  }
  void AwaitCreated() NO_THREAD_SAFETY_ANALYSIS {
    Await([&] { return created_ > 0; });
  }
  void AwaitEnd() NO_THREAD_SAFETY_ANALYSIS {
    Await([&] { return end_.canceled; });
  }
  std::vector<std::string> events() {
    base::MutexLock lock(mutex_);
    return events_;
  }
  int created() {
    base::MutexLock lock(mutex_);
    return created_;
  }
  WatchResponse end() {
    base::MutexLock lock(mutex_);
    return end_;
  }

 private:
  base::Mutex mutex_;
  base::Condition changed_;
  std::vector<std::string> events_ GUARDED_BY(mutex_);
  int created_ GUARDED_BY(mutex_) = 0;
  WatchResponse end_ GUARDED_BY(mutex_);
};

class RemoteWatchTest : public EtcdFixture {
 protected:
  void Put(const std::string& key) {
    ASSERT_TRUE(database_->Put(PutRequest{.key = key, .value = "x"}).ok());
  }

  Heard heard_;
};

TEST_F(RemoteWatchTest, HearsWhatIsWrittenAndDeleted) {
  const auto store = Connect(first_->url());
  const auto watch =
      store->StartWatch({.key = "a", .range_end = "c", .start_revision = 2}, heard_.Observer());
  ASSERT_TRUE(watch.ok());
  Put("a");
  Put("c");
  ASSERT_TRUE(database_->DeleteRange(DeleteRangeRequest{.key = "a"}).ok());
  heard_.AwaitEvents(2);
  EXPECT_THAT(heard_.events(), ::testing::ElementsAre("a+2", "a-4"));
}

// Nothing is missed and nothing told twice, though connections go and what is written meanwhile is
// only to be had from history.
TEST_F(RemoteWatchTest, GoesOnWithoutAGapWhereConnectionsGo) {
  const auto store = Connect(BothUrls());
  const auto watch = store->StartWatch({.key = "a"}, heard_.Observer());
  heard_.AwaitCreated();
  std::vector<std::string> wanted;
  for (int round = 0; round < 6; ++round) {
    Relay& gone = round % 2 == 0 ? *first_ : *second_;
    Put("a");
    gone.Cut();
    Put("a");
    heard_.AwaitEvents(static_cast<size_t>(2 * round) + 2);
    gone.Restore();
  }
  for (int revision = 2; revision < 14; ++revision) {
    wanted.push_back("a+" + std::to_string(revision));
  }
  EXPECT_EQ(heard_.events(), wanted);
  EXPECT_EQ(heard_.created(), 1);
}

TEST_F(RemoteWatchTest, EndsWhereHistoryIsCompacted) {
  for (int i = 0; i < 3; ++i) Put("a");
  ASSERT_TRUE(database_->Compact({.revision = 4}).ok());
  const auto store = Connect(first_->url());
  const auto watch = store->StartWatch({.key = "a", .start_revision = 2}, heard_.Observer());
  heard_.AwaitEnd();
  EXPECT_EQ(heard_.end().compact_revision, 4);
  EXPECT_TRUE(heard_.events().empty());
}

TEST_F(RemoteWatchTest, CanBeEndedWhileNoServerIsThere) {
  const auto store = Connect(first_->url());
  auto watch = store->StartWatch({.key = "a"}, heard_.Observer());
  heard_.AwaitCreated();
  first_->Cut();
  watch->reset();
}

}  // namespace
}  // namespace kvshim::remote
