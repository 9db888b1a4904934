#include "controller/disruption.h"

#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kBudgets[] = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

class DisruptionTest : public ControllerTest {
 protected:
  DisruptionTest() { Run<DisruptionController>(); }

  void CreateBudget(const std::string& spec) {
    const Answer created =
        Post(kBudgets, R"({"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":)"
                       R"({"name":"b"},"spec":{"selector":{"matchLabels":{"app":"web"}},)" +
                           spec + "}}");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  std::string CreateReplicaSet(const std::string& name, int replicas,
                               const std::string& owners = "") {
    const Answer created =
        Post("/apis/apps/v1/namespaces/default/replicasets",
             R"({"kind":"ReplicaSet","apiVersion":"apps/v1","metadata":{"name":")" + name + "\"" +
                 owners + R"(},"spec":{"replicas":)" + std::to_string(replicas) +
                 R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":)"
                 R"({"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}})");
    EXPECT_EQ(created.status, 201) << created.body;
    return Reference("ReplicaSet", name, created.at("metadata.uid"));
  }
  static std::string Reference(const std::string& kind, const std::string& name,
                               const std::string& uid) {
    return R"(,"ownerReferences":[{"apiVersion":"apps/v1","kind":")" + kind + R"(","name":")" +
           name + R"(","uid":")" + uid + R"(","controller":true}])";
  }
  void CreatePod(const std::string& name, const std::string& owners = "", bool ready = true) {
    Post(apiserver::kPods, R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
                               R"(","labels":{"app":"web"})" + owners +
                               R"(},"spec":{"containers":[{"name":"c","image":"nginx"}]}})");
    Patch(std::string(apiserver::kPods) + "/" + name + "/status", "application/merge-patch+json",
          R"({"status":{"phase":"Running","conditions":[{"type":"Ready","status":")" +
              std::string(ready ? "True" : "False") + R"("}]}})");
  }
  // healthy/desired/expected/allowed
  std::string Numbers() {
    const Answer budget = Get(std::string(kBudgets) + "/b");
    std::string numbers;
    for (const char* name :
         {"currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"}) {
      numbers += (numbers.empty() ? "" : "/") + budget.at(std::string("status.") + name);
    }
    return numbers;
  }
  bool AwaitNumbers(const std::string& wanted) {
    const bool came = Await([&] { return Numbers() == wanted; });
    EXPECT_EQ(Numbers(), wanted);
    return came;
  }
};

TEST_F(DisruptionTest, AsManyMayGoAsAreMoreThanMustBeAvailable) {
  CreateBudget(R"("minAvailable":2)");
  for (const char* name : {"a", "b", "c"}) CreatePod(name);
  CreatePod("d", "", /*ready=*/false);
  EXPECT_TRUE(AwaitNumbers("3/2/4/1"));
  EXPECT_EQ(Get(std::string(kBudgets) + "/b").at("status.conditions.0.reason"), "SufficientPods");
  EXPECT_EQ(Get(std::string(kBudgets) + "/b").at("status.observedGeneration"), "1");
  Ask("DELETE", std::string(apiserver::kPods) + "/a");
  EXPECT_TRUE(AwaitNumbers("2/2/3/0"));
  EXPECT_EQ(Get(std::string(kBudgets) + "/b").at("status.conditions.0.status"), "False");
}

TEST_F(DisruptionTest, WhatMayBeUnavailableIsCountedFromWhatControllersAreToRun) {
  CreateBudget(R"("maxUnavailable":"30%")");
  const std::string owner = CreateReplicaSet("web", 5);
  for (const char* name : {"a", "b", "c", "d"}) CreatePod(name, owner);
  // 30 % of 5 are 2, rounded up.
  EXPECT_TRUE(AwaitNumbers("4/3/5/1"));
}

TEST_F(DisruptionTest, TwoReplicaSetsOfADeploymentAreOneController) {
  const Answer deployment = Post(apiserver::kDeployments, apiserver::Deployment("web", 3));
  const std::string above = Reference("Deployment", "web", deployment.at("metadata.uid"));
  CreatePod("a", CreateReplicaSet("old", 1, above));
  CreatePod("b", CreateReplicaSet("new", 2, above));
  CreateBudget(R"("maxUnavailable":1)");
  EXPECT_TRUE(AwaitNumbers("2/2/3/0"));
}

TEST_F(DisruptionTest, AnEvictedPodIsNotCountedAsLongAsThatIsBelieved) {
  CreateBudget(R"("minAvailable":1)");
  for (const char* name : {"a", "b"}) CreatePod(name);
  ASSERT_TRUE(AwaitNumbers("2/1/2/1"));
  // An eviction whose deletion never came.
  Patch(std::string(kBudgets) + "/b/status", "application/merge-patch+json",
        R"({"status":{"disruptionsAllowed":0,"disruptedPods":{"a":")" + wall_.Text() + R"("}}})");
  EXPECT_TRUE(AwaitNumbers("1/1/2/0"));
  Pass(std::chrono::minutes(3));
  EXPECT_TRUE(AwaitNumbers("2/1/2/1"));
}

}  // namespace
}  // namespace kvplane::controller
