#include "controller/namespaces.h"

#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

class NamespaceControllerTest : public ControllerTest {
 protected:
  NamespaceControllerTest() {
    Post("/api/v1/namespaces",
         R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop"}})");
    Run<NamespaceController>();
  }
  std::string In(const std::string& plural) { return "/api/v1/namespaces/shop/" + plural; }
  // True, with its message, or False.
  std::string Condition(const std::string& type) {
    const Answer answer = Get("/api/v1/namespaces/shop");
    for (int i = 0; i < 5; ++i) {
      const std::string at = "status.conditions." + std::to_string(i);
      if (answer.at(at + ".type") != type) continue;
      if (answer.at(at + ".status") != "True") return answer.at(at + ".status");
      return answer.at(at + ".message");
    }
    return "(none)";
  }
};

TEST_F(NamespaceControllerTest, AnEmptyNamespaceGoes) {
  Ask("DELETE", "/api/v1/namespaces/shop");
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/shop"));
}

TEST_F(NamespaceControllerTest, AllThatIsInANamespaceGoesWithItAndNothingElse) {
  EXPECT_EQ(Post(In("configmaps"), apiserver::ConfigMap("a")).status, 201);
  EXPECT_EQ(Post(In("pods"), apiserver::Pod("web")).status, 201);
  EXPECT_EQ(Post("/apis/apps/v1/namespaces/shop/deployments", apiserver::Deployment("web")).status,
            201);
  Post(apiserver::kConfigMaps, apiserver::ConfigMap("other"));
  Ask("DELETE", "/api/v1/namespaces/shop");
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/shop"));
  EXPECT_EQ(Get(In("configmaps/a")).status, 404);
  EXPECT_EQ(Get(In("pods/web")).status, 404);
  EXPECT_EQ(Get("/apis/apps/v1/namespaces/shop/deployments/web").status, 404);
  EXPECT_EQ(Get(std::string(apiserver::kConfigMaps) + "/other").status, 200);
}

TEST_F(NamespaceControllerTest, ANamespaceStaysAsLongAsSomethingInItIsHeldAndSaysWhat) {
  Post(In("configmaps"), apiserver::ConfigMap("a", R"(,"finalizers":["example.com/keep"])"));
  Ask("DELETE", "/api/v1/namespaces/shop");
  EXPECT_TRUE(Await([&] { return Condition("NamespaceContentRemaining") != "(none)"; }));
  EXPECT_EQ(Get("/api/v1/namespaces/shop").at("status.phase"), "Terminating");
  EXPECT_EQ(Condition("NamespaceContentRemaining"),
            "Some resources are remaining: configmaps. has 1 resource instances");
  EXPECT_EQ(Condition("NamespaceFinalizersRemaining"),
            "Some content in the namespace has finalizers remaining: example.com/keep in 1 "
            "resource instances");
  EXPECT_EQ(Condition("NamespaceDeletionContentFailure"), "False");
  Patch(In("configmaps/a"), "application/merge-patch+json", R"({"metadata":{"finalizers":null}})");
  Pass(std::chrono::seconds(2));
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/shop"));
}

TEST_F(NamespaceControllerTest, PodsGoBeforeAllElseAndTheirEndIsNotWaitedForByTheClock) {
  Post(In("configmaps"), apiserver::ConfigMap("a"));
  Post(In("pods"),
       R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"},"spec":{"nodeName":"n",)"
       R"("containers":[{"name":"c","image":"nginx"}]}})");
  Ask("DELETE", "/api/v1/namespaces/shop");
  EXPECT_TRUE(Await([&] { return Condition("NamespaceContentRemaining") != "(none)"; }));
  EXPECT_NE(Get(In("pods/web")).at("metadata.deletionTimestamp"), "(none)");
  EXPECT_EQ(Get(In("configmaps/a")).status, 200);
  Ask("DELETE", In("pods/web?gracePeriodSeconds=0"));
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/shop"));
}

TEST_F(NamespaceControllerTest, OthersFinalizersOfTheNamespaceAreTheirs) {
  Patch("/api/v1/namespaces/shop", "application/merge-patch+json",
        R"({"metadata":{"finalizers":["example.com/mine"]}})");
  Ask("DELETE", "/api/v1/namespaces/shop");
  EXPECT_TRUE(
      Await([&] { return Get("/api/v1/namespaces/shop").at("spec.finalizers") == "(none)"; }));
  Patch("/api/v1/namespaces/shop", "application/merge-patch+json",
        R"({"metadata":{"finalizers":null}})");
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/shop"));
}

}  // namespace
}  // namespace kvplane::controller
