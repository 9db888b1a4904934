#include "registry/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"
#include "unit/temporary_directory.h"

namespace kvplane::registry {
namespace {

using kinds::Kind;

const Kind& ConfigMaps() { return *kinds::Kinds::BuiltIn().Find("v1", "configmaps")->kind; }
const Kind& Services() { return *kinds::Kinds::BuiltIn().Find("v1", "services")->kind; }
const Kind& IpAddresses() {
  return *kinds::Kinds::BuiltIn().Find("networking.k8s.io/v1", "ipaddresses")->kind;
}

json::Object ConfigMap(const std::string& name) {
  return {{"kind", "ConfigMap"},
          {"apiVersion", "v1"},
          {"metadata", json::Object{{"name", name}}},
          {"data", json::Object{{"n", "0"}}}};
}

json::Object Service(const std::string& name, const std::string& type = "ClusterIP") {
  return {
      {"kind", "Service"},
      {"apiVersion", "v1"},
      {"metadata", json::Object{{"name", name}}},
      {"spec", json::Object{{"type", type}, {"ports", json::Array{json::Object{{"port", 80}}}}}}};
}

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    auto store = kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    registry_ = Open({});
  }
  std::unique_ptr<Registry> Open(const RegistryOptions& options) {
    auto registry = Registry::Open(*store_, options);
    EXPECT_TRUE(registry.ok()) << registry.status();
    return *std::move(registry);
  }

  absl::StatusOr<Updated> Increment(const std::string& name) {
    return registry_->Update(
        ConfigMaps(), "default", name,
        [](const json::Object& current) -> absl::StatusOr<json::Object> {
          json::Object after = current;
          const int n = std::stoi(std::string(kinds::Text(current, {"data", "n"})));
          kinds::Set(kinds::Child(after, "data"), "n", json::Value(std::to_string(n + 1).c_str()));
          return after;
        },
        {});
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, LosesNoUpdateOfMany) {
  ASSERT_TRUE(registry_->Create(ConfigMaps(), "default", ConfigMap("a"), {}).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) EXPECT_EQ(Increment("a").status(), absl::OkStatus());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto object = registry_->Get(ConfigMaps(), "default", "a");
  EXPECT_EQ(kinds::Text(*object, {"data", "n"}), "200");
}

TEST_F(RegistryTest, KeepsObjectsInProtobuf) {
  ASSERT_TRUE(registry_->Create(ConfigMaps(), "default", ConfigMap("a"), {}).ok());
  const auto range = store_->Range({.key = KeyOf(ConfigMaps(), "default", "a")});
  ASSERT_EQ(range->kvs.size(), 1u);
  EXPECT_TRUE(range->kvs[0].value().starts_with(std::string_view("k8s\0", 4)));
  EXPECT_EQ(range->kvs[0].value().find("resourceVersion"), std::string_view::npos);
}

TEST_F(RegistryTest, ReadsObjectsKeptInJson) {
  const std::string key = KeyOf(ConfigMaps(), "default", "j");
  const auto put =
      store_->Put({.key = key, .value = R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{}})"});
  const auto object = registry_->Get(ConfigMaps(), "default", "j");
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(kinds::Text(*object, {"metadata", "resourceVersion"}), std::to_string(put->revision));
}

// Collects what a watch hears.
class Collector : public Watcher::Listener {
 public:
  bool OnEvent(const WatchEvent& event) override {
    std::lock_guard lock(mutex_);
    revisions_.push_back(event.revision);
    return true;
  }
  bool OnBookmark(int64_t) override { return true; }
  void OnEnd() override { ended_ = true; }
  std::vector<int64_t> revisions() {
    std::lock_guard lock(mutex_);
    return revisions_;
  }
  bool ended() const { return ended_; }

 private:
  std::mutex mutex_;
  std::vector<int64_t> revisions_;
  std::atomic<bool> ended_ = false;
};

TEST_F(RegistryTest, WatchersThatBeginAtAnyTimeMissAndRepeatNothing) {
  ASSERT_TRUE(registry_->Create(ConfigMaps(), "default", ConfigMap("a"), {}).ok());
  WatchCache& cache = registry_->CacheOf(ConfigMaps());
  std::vector<int64_t> written;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      const auto updated = Increment("a");
      written.push_back(
          std::stoll(std::string(kinds::Text(updated->object, {"metadata", "resourceVersion"}))));
    }
    done = true;
  });
  struct Began {
    std::shared_ptr<Watcher> watcher;
    int64_t revision;
  };
  std::vector<Began> watches;
  while (!done) {
    auto watcher = std::make_shared<Watcher>(std::make_unique<Collector>());
    const auto snapshot = cache.List(ConfigMaps().prefix, 0);
    ASSERT_TRUE(snapshot.ok());
    const auto beginning = cache.StartWatch(watcher, snapshot->revision, false);
    ASSERT_TRUE(beginning.ok()) << beginning.status();
    for (const auto& event : beginning->events) watcher->listener().OnEvent(*event);
    watcher->GoOn();
    watches.push_back({watcher, snapshot->revision});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  writer.join();
  ASSERT_TRUE(cache.List(ConfigMaps().prefix, written.back()).ok());
  for (const Began& one : watches) {
    std::vector<int64_t> expected;
    for (const int64_t revision : written) {
      if (revision > one.revision) expected.push_back(revision);
    }
    auto& collector = static_cast<Collector&>(one.watcher->listener());
    for (int i = 0; i < 1000 && collector.revisions().size() < expected.size(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(collector.revisions(), expected) << "from " << one.revision;
  }
  registry_.reset();
  for (const Began& one : watches) {
    EXPECT_TRUE(static_cast<Collector&>(one.watcher->listener()).ended());
  }
}

TEST_F(RegistryTest, AWatchFromBeforeTheRingIsExpired) {
  const auto small = Open({.cache = {.ring_events = 4}});
  ASSERT_TRUE(registry_->Create(ConfigMaps(), "default", ConfigMap("a"), {}).ok());
  WatchCache& cache = small->CacheOf(ConfigMaps());
  const int64_t begin = cache.List(ConfigMaps().prefix, 0)->revision;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Increment("a").ok());
  const int64_t end = *registry_->CurrentRevision();
  ASSERT_TRUE(cache.List(ConfigMaps().prefix, end).ok());
  const auto start = [&](int64_t revision) {
    return cache.StartWatch(std::make_shared<Watcher>(std::make_unique<Collector>()), revision,
                            false);
  };
  EXPECT_TRUE(HasReason(start(begin).status(), "Expired"));
  const auto recent = start(end - 4);
  ASSERT_TRUE(recent.ok()) << recent.status();
  EXPECT_EQ(recent->events.size(), 4u);
}

TEST_F(RegistryTest, KeepsEventsAnHour) {
  const Kind& events = *kinds::Kinds::BuiltIn().Find("v1", "events")->kind;
  for (const char* name : {"a", "b"}) {
    json::Object event{{"kind", "Event"},
                       {"apiVersion", "v1"},
                       {"metadata", json::Object{{"name", name}}},
                       {"involvedObject", json::Object{{"kind", "Pod"}}}};
    ASSERT_TRUE(registry_->Create(events, "default", std::move(event), {}).ok());
  }
  const auto range = store_->Range({.key = events.prefix, .range_end = RangeEnd(events.prefix)});
  ASSERT_EQ(range->kvs.size(), 2u);
  EXPECT_EQ(range->kvs[0].lease(), range->kvs[1].lease());
  const auto left = store_->LeaseTimeToLive(range->kvs[0].lease(), false);
  EXPECT_EQ(left->granted_ttl, 3660);
}

TEST_F(RegistryTest, GivesAnAddressToOneServiceOnly) {
  const auto other = Open({});
  std::mutex mutex;
  std::set<std::string> addresses;
  std::vector<std::thread> threads;
  for (Registry* registry : {registry_.get(), other.get()}) {
    threads.emplace_back([&, registry] {
      for (int i = 0; i < 20; ++i) {
        const std::string name = (registry == other.get() ? "b" : "a") + std::to_string(i);
        const auto service = registry->Create(Services(), "default", Service(name), {});
        ASSERT_TRUE(service.ok()) << service.status();
        std::lock_guard lock(mutex);
        addresses.emplace(kinds::Text(*service, {"spec", "clusterIP"}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(addresses.size(), 40u);
  for (const std::string& address : addresses) EXPECT_TRUE(address.starts_with("10.43."));
}

TEST_F(RegistryTest, TakesAddressesBackWithTheService) {
  json::Object wanted = Service("a", "NodePort");
  kinds::Set(kinds::Child(wanted, "spec"), "clusterIP", "10.43.0.77");
  const auto service = registry_->Create(Services(), "default", wanted, {});
  ASSERT_TRUE(service.ok()) << service.status();
  const int64_t port = service->at("spec").at("ports").at(0).at("nodePort").as_int64();
  EXPECT_GE(port, 30000);
  EXPECT_TRUE(registry_->Get(IpAddresses(), "", "10.43.0.77").ok());
  json::Object second = wanted;
  kinds::Set(kinds::Child(second, "metadata"), "name", "b");
  EXPECT_TRUE(HasReason(registry_->Create(Services(), "default", second, {}).status(), "Invalid"));
  ASSERT_TRUE(registry_->Delete(Services(), "default", "a", {}).ok());
  EXPECT_TRUE(HasReason(registry_->Get(IpAddresses(), "", "10.43.0.77").status(), "NotFound"));
  EXPECT_TRUE(registry_->Create(Services(), "default", second, {}).ok());
}

TEST_F(RegistryTest, KeepsAServicesAddressWhereAWriteLeavesItOut) {
  const auto created = registry_->Create(Services(), "default", Service("a", "NodePort"), {});
  ASSERT_TRUE(created.ok()) << created.status();
  const auto updated = registry_->Update(
      Services(), "default", "a",
      [](const json::Object&) -> absl::StatusOr<json::Object> { return Service("a", "NodePort"); },
      {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->object.at("spec"), created->at("spec"));
  const auto inward = registry_->Update(
      Services(), "default", "a",
      [](const json::Object&) -> absl::StatusOr<json::Object> { return Service("a"); }, {});
  ASSERT_TRUE(inward.ok()) << inward.status();
  EXPECT_EQ(kinds::Text(inward->object, {"spec", "clusterIP"}),
            kinds::Text(*created, {"spec", "clusterIP"}));
  EXPECT_FALSE(inward->object.at("spec").at("ports").at(0).as_object().contains("nodePort"));
}

}  // namespace
}  // namespace kvplane::registry
