// What goes, or comes to be, by itself: finished jobs, pods of nobody, rules, tokens.
#include "api/base64.h"
#include "controller/cluster_roles.h"
#include "controller/pod_garbage.h"
#include "controller/token_secrets.h"
#include "controller/ttl_after_finished.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kJobs[] = "/apis/batch/v1/namespaces/default/jobs";
constexpr char kRoles[] = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
constexpr char kSecrets[] = "/api/v1/namespaces/default/secrets";
constexpr char kAccounts[] = "/api/v1/namespaces/default/serviceaccounts";

class CleaningTest : public ControllerTest {
 protected:
  void CreatePod(const std::string& name, const std::string& node, const std::string& phase) {
    Post(apiserver::kPods, R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
                               R"("},"spec":{"nodeName":")" + node +
                               R"(","containers":[{"name":"c","image":"nginx"}]}})");
    Patch(Pod(name) + "/status", "application/merge-patch+json",
          R"({"status":{"phase":")" + phase + R"("}})");
  }
  static std::string Pod(const std::string& name) {
    return std::string(apiserver::kPods) + "/" + name;
  }
};

TEST_F(CleaningTest, AJobGoesWhenItHasBeenFinishedAsLongAsItWantsToStay) {
  Run<TtlAfterFinishedController>();
  const Answer created =
      Post(kJobs, R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"j"},"spec":{)"
                  R"("ttlSecondsAfterFinished":100,"template":{"spec":{"restartPolicy":"Never",)"
                  R"("containers":[{"name":"c","image":"nginx"}]}}}})");
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string now = wall_.Text();
  const Answer patched =
      Patch(std::string(kJobs) + "/j/status", "application/merge-patch+json",
            R"({"status":{"startTime":")" + now + R"(","completionTime":")" + now +
                R"(","succeeded":1,"conditions":[{"type":"SuccessCriteriaMet","status":"True",)"
                R"("lastTransitionTime":")" +
                now +
                R"("},{"type":"Complete","status":"True",)"
                R"("lastTransitionTime":")" +
                now + R"("}]}})");
  ASSERT_EQ(patched.status, 200) << patched.body;
  Pass(std::chrono::seconds(95));
  EXPECT_EQ(Get(std::string(kJobs) + "/j").at("metadata.deletionTimestamp"), "(none)");
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::seconds(1));
    return Get(std::string(kJobs) + "/j").at("metadata.finalizers") != "(none)";
  }));
}

TEST_F(CleaningTest, PodsOfANodeThatIsGoneGoAfterAWhile) {
  Post("/api/v1/nodes", R"({"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}})");
  Post("/api/v1/nodes", R"({"kind":"Node","apiVersion":"v1","metadata":{"name":"n2"}})");
  CreatePod("a", "n1", "Running");
  CreatePod("b", "n2", "Running");
  CreatePod("c", "never-was", "Running");
  Run<PodGarbageCollector>();
  Ask("DELETE", "/api/v1/nodes/n1");
  EXPECT_TRUE(AwaitGone("/api/v1/nodes/n1"));
  Pass(std::chrono::seconds(30));
  EXPECT_EQ(Get(Pod("a")).status, 200);
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::seconds(5));
    return Get(Pod("a")).status == 404 && Get(Pod("c")).status == 404;
  }));
  EXPECT_EQ(Get(Pod("b")).status, 200);
}

TEST_F(CleaningTest, TheOldestOfTooManyEndedPodsGo) {
  Post("/api/v1/nodes", R"({"kind":"Node","apiVersion":"v1","metadata":{"name":"n"}})");
  for (const char* name : {"a", "b", "c", "d"}) CreatePod(name, "n", "Succeeded");
  CreatePod("0", "n", "Running");
  Run([](Environment& environment) {
    ControllerList list;
    list.push_back(std::make_unique<PodGarbageCollector>(environment, 2));
    return list;
  });
  EXPECT_TRUE(Await([&] {
    Pass(std::chrono::seconds(5));
    return Get(Pod("a")).status == 404 && Get(Pod("b")).status == 404;
  }));
  for (const char* name : {"c", "d", "0"}) EXPECT_EQ(Get(Pod(name)).status, 200) << name;
}

TEST_F(CleaningTest, ARoleHasTheRulesOfThoseThatItSelects) {
  Run<ClusterRoleAggregator>();
  const auto role = [](const std::string& name, const std::string& more) {
    return R"({"kind":"ClusterRole","apiVersion":"rbac.authorization.k8s.io/v1","metadata":)"
           R"({"name":")" +
           name + "\"" + more + "}";
  };
  Post(kRoles, role("all", R"(},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":)"
                           R"({"to":"all"}}]},"rules":[])"));
  Post(kRoles, role("a", R"(,"labels":{"to":"all"}},"rules":[{"verbs":["get"],"apiGroups":[""],)"
                         R"("resources":["pods"]}])"));
  Post(kRoles, role("b", R"(},"rules":[{"verbs":["list"],"apiGroups":[""],)"
                         R"("resources":["secrets"]}])"));
  EXPECT_TRUE(AwaitAt(std::string(kRoles) + "/all", "rules.0.resources.0", "pods"));
  EXPECT_EQ(Get(std::string(kRoles) + "/all").at("rules.1"), "(none)");
  Patch(std::string(kRoles) + "/b", "application/merge-patch+json",
        R"({"metadata":{"labels":{"to":"all"}}})");
  EXPECT_TRUE(AwaitAt(std::string(kRoles) + "/all", "rules.1.resources.0", "secrets"));
  Ask("DELETE", std::string(kRoles) + "/a");
  EXPECT_TRUE(AwaitAt(std::string(kRoles) + "/all", "rules.0.resources.0", "secrets"));
}

class TokenSecretTest : public CleaningTest {
 protected:
  TokenSecretTest() {
    Run<TokenSecretController>();
    uid_ =
        Post(kAccounts, R"({"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"shop"}})")
            .at("metadata.uid");
    Post(kSecrets, R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"t","annotations":)"
                   R"({"kubernetes.io/service-account.name":"shop"}},)"
                   R"("type":"kubernetes.io/service-account-token"})");
  }
  std::string Data(const std::string& name) {
    const json::Object secret = Get(std::string(kSecrets) + "/t").object();
    const json::Value* data = json::Find(secret, "data");
    const json::Value* value =
        data == nullptr ? nullptr : data->as_object().if_contains(json::ToBoost(name));
    return value == nullptr ? "" : *api::DecodeBase64(json::View(value->as_string()));
  }
  std::string uid_;
};

TEST_F(TokenSecretTest, ASecretIsFilledWithATokenOfItsAccount) {
  EXPECT_TRUE(Await([&] { return !Data("token").empty(); }));
  EXPECT_EQ(Data("token"), "default/shop/" + uid_ + "/t");
  EXPECT_EQ(Data("namespace"), "default");
  EXPECT_EQ(Data("ca.crt"), Cluster().server_ca.certificate);
}

TEST_F(TokenSecretTest, ASecretGoesWithItsAccountAlsoWhereAnotherOfTheNameComes) {
  EXPECT_TRUE(Await([&] { return !Data("token").empty(); }));
  Ask("DELETE", std::string(kAccounts) + "/shop");
  EXPECT_TRUE(AwaitGone(std::string(kSecrets) + "/t"));
}

}  // namespace
}  // namespace kvplane::controller
