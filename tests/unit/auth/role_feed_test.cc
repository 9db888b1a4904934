#include "auth/role_feed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "api/canonical.h"
#include "auth/default_roles.h"
#include "auth/rbac.h"
#include "auth/role_seed.h"
#include "kvshim/store.h"
#include "unit/temporary_directory.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::RequestInfo;

class RoleFeedTest : public testing::Test {
 protected:
  RoleFeedTest() {
    store_ = *kvshim::Store::Open("sqlite://" + directory_.File("state.db"), {});
    registry_ = *registry::Registry::Open(*store_, {});
  }
  ~RoleFeedTest() override {
    registry_ = nullptr;
    store_ = nullptr;
  }

  const kinds::Kind& Kind(std::string_view plural) {
    return *kinds::Kinds::BuiltIn().Find("rbac.authorization.k8s.io/v1", plural)->kind;
  }
  void Create(std::string_view plural, const std::string& ns, const std::string& text) {
    const kinds::Kind& kind = Kind(plural);
    json::Value document = *api::ParseJson(text);
    document.get_object()["apiVersion"] = json::ToBoost(kind.group_version);
    document.get_object()["kind"] = json::ToBoost(kind.name);
    document = *api::Canonicalize(*kind.message, std::move(document));
    const auto created = registry_->Create(kind, ns, document.get_object(), {});
    ASSERT_TRUE(created.ok()) << created.status();
  }
  bool Allows(const std::string& user, const std::string& group, const std::string& path) {
    return rbac_
        .Authorize({.name = user, .groups = {group}},
                   RequestInfo::Of({.method = "GET", .path = path}))
        .allowed;
  }
  // Changes arrive a moment after they were made.
  bool Eventually(bool wanted, const std::string& user, const std::string& path) {
    for (int i = 0; i < 2000 && Allows(user, "", path) != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Allows(user, "", path) == wanted;
  }

  kvshim::testing::TemporaryDirectory directory_;
  std::unique_ptr<kvshim::Store> store_;
  std::unique_ptr<registry::Registry> registry_;
  RoleTable roles_;
  Rbac rbac_{roles_};
};

constexpr char kReader[] = R"({"metadata":{"name":"reader","namespace":"default"},"rules":)"
                           R"([{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]})";
constexpr char kReaders[] =
    R"({"metadata":{"name":"readers","namespace":"default"},"roleRef":{"apiGroup":)"
    R"("rbac.authorization.k8s.io","kind":"Role","name":"reader"},)"
    R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"bob"}]})";
constexpr char kPods[] = "/api/v1/namespaces/default/pods";

TEST_F(RoleFeedTest, KnowsWhatWasThereAndFollowsWhatComes) {
  Create("roles", "default", kReader);
  RoleFeed feed(*registry_, roles_);
  ASSERT_TRUE(feed.Start().ok());
  EXPECT_FALSE(Allows("bob", "", kPods));
  Create("rolebindings", "default", kReaders);
  EXPECT_TRUE(Eventually(true, "bob", kPods));
  ASSERT_TRUE(registry_->Delete(Kind("rolebindings"), "default", "readers", {}).ok());
  EXPECT_TRUE(Eventually(false, "bob", kPods));
}

TEST_F(RoleFeedTest, SeededRolesGrantWhatTheDefaultsGrant) {
  ASSERT_TRUE(SeedRoles(*registry_).ok());
  RoleFeed feed(*registry_, roles_);
  ASSERT_TRUE(feed.Start().ok());
  EXPECT_TRUE(Allows("anyone", "system:authenticated", "/apis"));
  EXPECT_TRUE(Allows("anyone", "system:unauthenticated", "/readyz"));
  EXPECT_FALSE(Allows("anyone", "system:authenticated", kPods));
  EXPECT_TRUE(Allows("system:kube-scheduler", "", "/api/v1/pods"));
}

TEST_F(RoleFeedTest, SeedingAgainMendsWhatIsMissingAndKeepsWhatWasAdded) {
  ASSERT_TRUE(SeedRoles(*registry_).ok());
  const auto change = [&](const std::string& name, const auto& apply) {
    const auto updated =
        registry_->Update(Kind("clusterroles"), "", name,
                          [&](const json::Object& current) -> absl::StatusOr<json::Object> {
                            json::Object object = current;
                            apply(object);
                            return object;
                          },
                          {});
    ASSERT_TRUE(updated.ok()) << updated.status();
  };
  const json::Object added{{"verbs", json::Array{"get"}},
                           {"nonResourceURLs", json::Array{"/mine"}}};
  change("system:discovery", [&](json::Object& role) { role["rules"] = json::Array{added}; });
  change("system:basic-user", [&](json::Object& role) {
    role["rules"] = json::Array();
    role["metadata"]
        .as_object()["annotations"]
        .as_object()["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  });
  ASSERT_TRUE(SeedRoles(*registry_).ok());
  EXPECT_EQ(
      registry_->Get(Kind("clusterroles"), "", "system:discovery")->at("rules").as_array().size(),
      2u);
  const auto left_alone = registry_->Get(Kind("clusterroles"), "", "system:basic-user");
  ASSERT_TRUE(left_alone.ok());
  const json::Value* rules = json::Find(*left_alone, "rules");
  EXPECT_TRUE(rules == nullptr || rules->is_null() || rules->as_array().empty());
}

TEST_F(RoleFeedTest, SeedingTwiceWritesNothing) {
  ASSERT_TRUE(SeedRoles(*registry_).ok());
  const int64_t before = store_->Status().revision;
  ASSERT_TRUE(SeedRoles(*registry_).ok());
  EXPECT_EQ(store_->Status().revision, before);
}

}  // namespace
}  // namespace kvplane::auth
