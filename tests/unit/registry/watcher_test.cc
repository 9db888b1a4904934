#include "registry/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace kvplane::registry {
namespace {

using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;

// Does with a bookmark what the test says, and counts what it hears.
class Heard : public Watcher::Listener {
 public:
  explicit Heard(std::function<void()> on_bookmark) : on_bookmark_(std::move(on_bookmark)) {}
  bool OnEvent(const WatchEvent&) override { return true; }
  bool OnBookmark(int64_t) override {
    on_bookmark_();
    ++count;
    return true;
  }
  void OnEnd() override { ++count; }

  std::atomic<int> count = 0;

 private:
  std::function<void()> on_bookmark_;
};

TEST(Watcher, StopWaitsForWhatTheListenerIsBeingTold) {
  std::promise<void> inside;
  std::unique_ptr<Watcher> watcher;
  watcher = std::make_unique<Watcher>(std::make_unique<Heard>([&] {
    inside.set_value();
    // Until Stop is under way, and a little longer.
    while (!watcher->ended()) std::this_thread::yield();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  }));
  const auto& heard = static_cast<Heard&>(watcher->listener());
  watcher->QueueBookmark(1);
  watcher->QueueBookmark(2);
  std::thread telling([&] { watcher->GoOn(); });
  inside.get_future().wait();
  watcher->Stop();
  EXPECT_EQ(heard.count, 1) << "the listener has heard what it was in, and nothing more";
  watcher->QueueBookmark(3);
  watcher->QueueEnd();
  telling.join();
  watcher->Drain();
  EXPECT_EQ(heard.count, 1);
}

TEST(Watcher, ThatIsStoppedBeforeItGoesOnHearsNothing) {
  Watcher watcher(std::make_unique<Heard>([] {}));
  watcher.QueueBookmark(1);
  watcher.Stop();
  watcher.GoOn();
  EXPECT_EQ(static_cast<Heard&>(watcher.listener()).count, 0);
}

class WatcherBookmarks : public testing::Test {
 protected:
  // How many seconds after the beginning one is due, looking once a second as the feed does.
  std::vector<int> DueAt(const Bookmarks& bookmarks, int seconds) {
    Watcher watcher(std::make_unique<Heard>([] {}), bookmarks, clock_.Now());
    std::vector<int> due;
    for (int i = 1; i <= seconds; ++i) {
      clock_.Advance(1s);
      if (watcher.BookmarkDue(clock_.Now())) due.push_back(i);
    }
    return due;
  }

  kvshim::base::FakeClock clock_;
};

TEST_F(WatcherBookmarks, ComeEveryMinuteWhereTheyAreWanted) {
  EXPECT_THAT(DueAt({.every = 60s}, 200), ElementsAre(60, 120, 180));
  EXPECT_THAT(DueAt({}, 200), IsEmpty());
  EXPECT_THAT(DueAt({.deadline = clock_.Now() + 100s}, 200), IsEmpty());
}

TEST_F(WatcherBookmarks, TheLastComesTwoSecondsBeforeTheDeadline) {
  EXPECT_THAT(DueAt({.every = 60s, .deadline = clock_.Now() + 10s}, 20), ElementsAre(8));
  EXPECT_THAT(DueAt({.every = 60s, .deadline = clock_.Now() + 150s}, 200),
              ElementsAre(60, 120, 148));
}

TEST_F(WatcherBookmarks, DoNotComeToAWatchThatIsOverAtOnce) {
  EXPECT_THAT(DueAt({.every = 60s, .deadline = clock_.Now() + 1s}, 20), IsEmpty());
}

}  // namespace
}  // namespace kvplane::registry
