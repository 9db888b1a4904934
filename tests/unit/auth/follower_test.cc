#include "auth/follower.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "kvshim/store.h"
#include "unit/temporary_directory.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;

const kinds::Kind& ConfigMaps() { return *kinds::Kinds::BuiltIn().Find("v1", "configmaps")->kind; }

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() {
    store_ = *kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
    registry_ = *registry::Registry::Open(*store_, {});
  }

  void Create(const std::string& name) {
    const json::Object map{{"apiVersion", "v1"},
                           {"kind", "ConfigMap"},
                           {"metadata", json::Object{{"name", json::ToBoost(name)}}}};
    const auto created = registry_->Create(ConfigMaps(), "default", map, {});
    ASSERT_TRUE(created.ok()) << created.status();
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
  std::unique_ptr<registry::Registry> registry_;
};

// Holds whoever tells it something, until it is let go.
class Holding : public Follower::Listener {
 public:
  void Put(const kinds::Kind&, const json::Object&) override {
    entered.set_value();
    released.get_future().wait();
    left = true;
  }
  void Remove(const kinds::Kind&, const json::Object&) override {}
  void KeepOnly(const kinds::Kind&, const std::set<Follower::Key>&) override {}

  std::promise<void> entered;
  std::promise<void> released;
  std::atomic<bool> left = false;
};

TEST_F(FollowerTest, NobodyIsInTheListenerOnceItIsDestroyed) {
  Holding listener;
  auto follower = std::make_unique<Follower>(*registry_, listener, "test");
  ASSERT_TRUE(follower->Follow(ConfigMaps()).ok());
  Create("told");
  listener.entered.get_future().wait();
  std::thread letting_go([&] {
    std::this_thread::yield();
    listener.released.set_value();
  });
  follower.reset();
  EXPECT_TRUE(listener.left) << "the feed's thread is still in a listener that may go now";
  letting_go.join();
}

TEST_F(FollowerTest, StopsWhileItsWatchesEndAndBegin) {
  Holding listener;
  listener.released.set_value();
  Follower follower(*registry_, listener, "test");
  ASSERT_TRUE(follower.Follow(ConfigMaps()).ok());
  // As where the store's watch breaks off: it would follow again a second later.
  registry_->CacheOf(ConfigMaps()).Reset();
  follower.Stop();
  Create("untold");
  EXPECT_FALSE(listener.left);
}

}  // namespace
}  // namespace kvplane::auth
