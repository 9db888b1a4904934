#include "controller/replica_sets.h"

#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kSets[] = "/apis/apps/v1/namespaces/default/replicasets";
constexpr char kWeb[] = "/apis/apps/v1/namespaces/default/replicasets/web";

std::string Set(int replicas, const std::string& more = "") {
  return R"({"kind":"ReplicaSet","apiVersion":"apps/v1","metadata":{"name":"web"},"spec":{)"
         R"("replicas":)" +
         std::to_string(replicas) + more +
         R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":)"
         R"("web"},"annotations":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}})";
}

class ReplicaSetTest : public WorkloadTest {
 protected:
  ReplicaSetTest() { RunAll<ReplicaSetController, ReplicationController>(); }
  void Scale(int replicas) {
    Patch(kWeb, kMerge, R"({"spec":{"replicas":)" + std::to_string(replicas) + "}}");
  }
};

TEST_F(ReplicaSetTest, MakesPodsOfItsTemplate) {
  EXPECT_EQ(Post(kSets, Set(3)).status, 201);
  AwaitAt(kWeb, "status.replicas", "3");
  ASSERT_EQ(Pods().size(), 3U);
  const json::Object pod = Pods().front();
  EXPECT_TRUE(NameOf(pod).starts_with("web-"));
  EXPECT_EQ(At(json::Value(pod), "metadata.annotations.a"), "b");
  EXPECT_EQ(At(json::Value(pod), "metadata.ownerReferences.0.kind"), "ReplicaSet");
  EXPECT_EQ(At(json::Value(pod), "metadata.ownerReferences.0.controller"), "true");
  EXPECT_TRUE(AwaitEvent("SuccessfulCreate", "Created pod: web-"));
}

TEST_F(ReplicaSetTest, ManyPodsAreMadeOnceEach) {
  Post(kSets, Set(60));
  AwaitAt(kWeb, "status.replicas", "60");
  Settle();
  EXPECT_EQ(Pods().size(), 60U);
}

TEST_F(ReplicaSetTest, CountsWhatIsReadyAndAvailable) {
  Post(kSets, Set(2, R"(,"minReadySeconds":30)"));
  AwaitPods(2);
  Become(NameOf(Pods().front()), "Running", true);
  AwaitAt(kWeb, "status.readyReplicas", "1");
  EXPECT_EQ(Get(kWeb).at("status.availableReplicas"), "(none)");
  Pass(std::chrono::seconds(31));
  AwaitAt(kWeb, "status.availableReplicas", "1");
  EXPECT_EQ(Get(kWeb).at("status.observedGeneration"), "1");
}

TEST_F(ReplicaSetTest, WhatEndedIsMadeAnew) {
  Post(kSets, Set(1));
  AwaitPods(1);
  const std::string first = NameOf(Pods().front());
  Become(first, "Failed");
  AwaitPods(2);
  Ask("DELETE", PodUrl(first));
  AwaitPods(1);
}

TEST_F(ReplicaSetTest, WhatIsMissedLeastGoesFirst) {
  Post(kSets, Set(4));
  AwaitPods(4);
  const auto names = Names(apiserver::kPods);
  for (const std::string& name : names) Become(name, "Running", true);
  Become(names[1], "Running", false);
  Patch(PodUrl(names[2]), kMerge,
        R"({"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"-5"}}})");
  AwaitAt(kWeb, "status.readyReplicas", "3");
  Settle();
  Scale(3);
  AwaitPods(3);
  EXPECT_EQ(Get(PodUrl(names[1])).status, 404);
  Scale(2);
  AwaitPods(2);
  EXPECT_EQ(Get(PodUrl(names[2])).status, 404);
}

TEST_F(ReplicaSetTest, AdoptsOrphansThatMatchAndLetsGoWhatDoesNot) {
  Post(apiserver::kPods, apiserver::Pod("lone"));
  Post(kSets, Set(2));
  AwaitPods(2);
  AwaitAt(PodUrl("lone"), "metadata.ownerReferences.0.name", "web");
  Patch(PodUrl("lone"), kMerge, R"({"metadata":{"labels":{"app":"other"}}})");
  AwaitAt(PodUrl("lone"), "metadata.ownerReferences", "(none)");
  AwaitPods(3);
}

TEST_F(ReplicaSetTest, AnothersPodsAreLeftAlone) {
  Post(apiserver::kPods,
       R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"lone","labels":{"app":"web"},)"
       R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"x","uid":"u",)"
       R"("controller":true}]},"spec":{"containers":[{"name":"c","image":"nginx"}]}})");
  Post(kSets, Set(1));
  AwaitAt(kWeb, "status.replicas", "1");
  EXPECT_EQ(Pods().size(), 2U);
  EXPECT_EQ(Get(PodUrl("lone")).at("metadata.ownerReferences.0.name"), "x");
}

TEST_F(ReplicaSetTest, OneThatIsBeingDeletedMakesNothing) {
  Post(kSets, Set(1));
  AwaitPods(1);
  Ask("DELETE", std::string(kWeb) + "?propagationPolicy=Foreground");
  Ask("DELETE", PodUrl(NameOf(Pods().front())));
  Settle();
  EXPECT_EQ(Pods().size(), 0U);
}

TEST_F(ReplicaSetTest, ControllersOfReplicationDoTheSame) {
  Post("/api/v1/namespaces/default/replicationcontrollers",
       R"({"kind":"ReplicationController","apiVersion":"v1","metadata":{"name":"old"},"spec":{)"
       R"("replicas":2,"selector":{"app":"old"},"template":{"metadata":{"labels":{"app":"old"}},)"
       R"("spec":{"containers":[{"name":"c","image":"nginx"}]}}}})");
  AwaitAt("/api/v1/namespaces/default/replicationcontrollers/old", "status.replicas", "2");
  EXPECT_EQ(At(json::Value(Pods().front()), "metadata.ownerReferences.0.kind"),
            "ReplicationController");
}

}  // namespace
}  // namespace kvplane::controller
