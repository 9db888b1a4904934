#include "registry/watcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace kvplane::registry {
namespace {

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
                                      }),
                                      std::chrono::seconds(0));
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
  Watcher watcher(std::make_unique<Heard>([] {}), std::chrono::seconds(0));
  watcher.QueueBookmark(1);
  watcher.Stop();
  watcher.GoOn();
  EXPECT_EQ(static_cast<Heard&>(watcher.listener()).count, 0);
}

}  // namespace
}  // namespace kvplane::registry
