#include "controller/informer.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "controller/informers.h"
#include "kinds/members.h"
#include "unit/apiserver/api_fixture.h"

namespace kvplane::controller {
namespace {

class InformerTest : public apiserver::ApiTest {
 protected:
  InformerTest() {
    informer_->AddIndex(kByOwner);
    informer_->AddHandler([this](const Change& change) {
      std::lock_guard lock(mutex_);
      told_.push_back((change.added() ? "+" : change.deleted() ? "-" : "~") + change.key());
    });
  }
  ~InformerTest() override {
    informers_->Stop();
    executor_.Stop();
  }

  bool AwaitTold(const std::vector<std::string>& wanted) {
    for (int i = 0; i < 10000; ++i) {
      {
        std::lock_guard lock(mutex_);
        if (told_ == wanted) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  std::vector<std::string> Found(const std::string& uid) {
    std::vector<std::string> keys;
    for (const auto& object : informer_->Find(kByOwner, uid)) {
      keys.emplace_back(informer_->KeyOf(*object));
    }
    return keys;
  }

  kvshim::base::Executor executor_{{.name = "informers"}};
  std::mutex mutex_;
  std::vector<std::string> told_;
  std::unique_ptr<Informers> informers_ = std::make_unique<Informers>(api_->registry(), executor_);
  Informer* informer_ = &informers_->Of("v1", "configmaps");
};

std::string Owned(const std::string& name, const std::string& uid) {
  return apiserver::ConfigMap(name, R"(,"ownerReferences":[{"apiVersion":"v1","kind":"Pod",)"
                                    R"("name":"p","uid":")" +
                                        uid + R"("}])");
}

TEST_F(InformerTest, TellsOfWhatThereWasAndOfEveryChange) {
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("a"));
  ASSERT_TRUE(informers_->Start().ok());
  EXPECT_TRUE(AwaitTold({"+default/a"}));
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("b"));
  Patch(std::string(apiserver::kConfigMaps) + "/a", "application/merge-patch+json",
        R"({"data":{"a":"2"}})");
  Ask("DELETE", std::string(apiserver::kConfigMaps) + "/b");
  EXPECT_TRUE(AwaitTold({"+default/a", "+default/b", "~default/a", "-default/b"}));
  EXPECT_EQ(informer_->Get("default/b"), nullptr);
  EXPECT_EQ(kinds::Text(informer_->Get("default/a")->Parse(), {"data", "a"}), "2");
  EXPECT_EQ(informer_->List("default").size(), 1u);
  EXPECT_EQ(informer_->List("defaul").size(), 0u);
}

TEST_F(InformerTest, HoldsTheCachesOwnObjects) {
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("a"));
  ASSERT_TRUE(informers_->Start().ok());
  auto& cache = api_->registry().CacheOf(informer_->kind());
  const auto snapshot = cache.List(informer_->kind().prefix + "default/a", 0);
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(informer_->Get("default/a"), snapshot->objects.at(0));
}

TEST_F(InformerTest, FindsObjectsByTheirOwnersAsTheyChange) {
  ASSERT_TRUE(informers_->Start().ok());
  Post(apiserver::kConfigMaps, Owned("a", "u1"));
  Post(apiserver::kConfigMaps, Owned("b", "u1"));
  ASSERT_TRUE(AwaitTold({"+default/a", "+default/b"}));
  EXPECT_EQ(Found("u1"), (std::vector<std::string>{"default/a", "default/b"}));
  Put(std::string(apiserver::kConfigMaps) + "/a", Owned("a", "u2"));
  Ask("DELETE", std::string(apiserver::kConfigMaps) + "/b");
  ASSERT_TRUE(AwaitTold({"+default/a", "+default/b", "~default/a", "-default/b"}));
  EXPECT_EQ(Found("u1"), std::vector<std::string>());
  EXPECT_EQ(Found("u2"), std::vector<std::string>{"default/a"});
}

TEST_F(InformerTest, AfterTheFeedBrokeOffTellsWhatDiffers) {
  for (const char* name : {"a", "b"}) Post(apiserver::kConfigMaps, apiserver::ConfigMap(name));
  ASSERT_TRUE(informers_->Start().ok());
  api_->registry().CacheOf(informer_->kind()).Reset();
  Ask("DELETE", std::string(apiserver::kConfigMaps) + "/a");
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("c"));
  EXPECT_TRUE(AwaitTold({"+default/a", "+default/b", "-default/a", "+default/c"}));
}

TEST_F(InformerTest, KnowsWhatWasWrittenOnceItHasAwaitedIt) {
  ASSERT_TRUE(informers_->Start().ok());
  for (int i = 0; i < 20; ++i) {
    const std::string name = "a" + std::to_string(i);
    const Answer written = Post(apiserver::kConfigMaps, apiserver::ConfigMap(name));
    ASSERT_TRUE(informer_->Await(std::stoll(written.at("metadata.resourceVersion"))).ok());
    EXPECT_NE(informer_->Get("default/" + name), nullptr);
  }
}

TEST_F(InformerTest, TellsNothingOnceStopped) {
  ASSERT_TRUE(informers_->Start().ok());
  informers_->Stop();
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("a"));
  executor_.RunDue();
  EXPECT_TRUE(AwaitTold({}));
}

}  // namespace
}  // namespace kvplane::controller
