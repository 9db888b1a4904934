#include "apiserver/queued_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kvplane::apiserver {
namespace {

using kvshim::base::Executor;
using testing::ElementsAre;

// What was heard; the first bookmark is held until it is let go.
struct Record {
  std::promise<void> entered;
  std::promise<void> released;
  std::promise<void> ended;
  std::mutex mutex;
  std::vector<std::string> heard;
  int64_t refused = 0;  // a bookmark that ends it
};

class Recorder : public registry::Watcher::Listener {
 public:
  explicit Recorder(Record& record) : record_(record) {}
  bool OnEvent(const registry::WatchEvent& event) override {
    std::lock_guard lock(record_.mutex);
    record_.heard.push_back("event " + std::to_string(event.revision));
    return true;
  }
  bool OnBookmark(int64_t revision) override {
    if (revision == 1) {
      record_.entered.set_value();
      record_.released.get_future().wait();
    }
    std::lock_guard lock(record_.mutex);
    record_.heard.push_back("bookmark " + std::to_string(revision));
    return revision != record_.refused;
  }
  void OnEnd() override {
    {
      std::lock_guard lock(record_.mutex);
      record_.heard.emplace_back("end");
    }
    record_.ended.set_value();
  }

 private:
  Record& record_;
};

TEST(QueuedListener, TellsInOrderAndKeepsNobodyWaiting) {
  Record record;
  const auto executor = std::make_shared<Executor>(kvshim::base::ExecutorOptions{.threads = 2});
  QueuedListener listener(std::make_unique<Recorder>(record), executor);
  EXPECT_TRUE(listener.OnBookmark(1));
  record.entered.get_future().wait();
  // The inner listener is held: these return all the same.
  EXPECT_TRUE(listener.OnEvent({.revision = 2}));
  EXPECT_TRUE(listener.OnBookmark(3));
  listener.OnEnd();
  record.released.set_value();
  record.ended.get_future().wait();
  EXPECT_THAT(record.heard, ElementsAre("bookmark 1", "event 2", "bookmark 3", "end"));
}

TEST(QueuedListener, EndsWhereTheInnerOneWantsNoMore) {
  Record record;
  record.refused = 2;
  const auto executor = std::make_shared<Executor>(kvshim::base::ExecutorOptions{.threads = 2});
  QueuedListener listener(std::make_unique<Recorder>(record), executor);
  EXPECT_TRUE(listener.OnBookmark(1));
  record.entered.get_future().wait();
  EXPECT_TRUE(listener.OnBookmark(2));
  EXPECT_TRUE(listener.OnBookmark(3));
  record.released.set_value();
  executor->Stop();
  EXPECT_THAT(record.heard, ElementsAre("bookmark 1", "bookmark 2"));
  EXPECT_FALSE(listener.OnBookmark(4));
}

TEST(QueuedListener, OutlivesItsExecutor) {
  Record record;
  auto executor = std::make_shared<Executor>(kvshim::base::ExecutorOptions{.threads = 1});
  QueuedListener listener(std::make_unique<Recorder>(record), executor);
  executor.reset();
  EXPECT_FALSE(listener.OnBookmark(2));
  EXPECT_TRUE(record.heard.empty());
}

}  // namespace
}  // namespace kvplane::apiserver
