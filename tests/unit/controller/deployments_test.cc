#include "controller/deployments.h"

#include "controller/replica_sets.h"
#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

using apiserver::kDeployments;
constexpr char kSets[] = "/apis/apps/v1/namespaces/default/replicasets";
const std::string kWeb = std::string(kDeployments) + "/web";

class DeploymentTest : public WorkloadTest {
 protected:
  DeploymentTest() { RunAll<ReplicaSetController, DeploymentController>(); }

  void Change(const std::string& spec) {
    const Answer answer =
        Patch(kWeb, "application/strategic-merge-patch+json", R"({"spec":)" + spec + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  void SetImage(const std::string& image) {
    Change(R"({"template":{"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}}})");
  }
  bool AwaitComplete(int replicas) {
    const std::string count = std::to_string(replicas);
    const bool came = AwaitWithReadyPods([&] {
      const Answer web = Get(kWeb);
      return web.at("status.availableReplicas") == count &&
             web.at("status.updatedReplicas") == count && web.at("status.replicas") == count &&
             web.at("status.observedGeneration") == web.at("metadata.generation");
    });
    EXPECT_TRUE(came) << Get(kWeb).body;
    return came;
  }
  void Deploy(int replicas) {
    EXPECT_EQ(Post(kDeployments, apiserver::Deployment("web", replicas)).status, 201);
    AwaitComplete(replicas);
  }
  std::string SetOf(const std::string& image, const std::string& at) {
    for (const json::Object& set : Items(kSets)) {
      if (At(json::Value(set), "spec.template.spec.containers.0.image") == image) {
        return At(json::Value(set), at);
      }
    }
    return "(no set)";
  }
  // Made bit by bit: {old, new} as asked for.
  std::string Sizes() {
    return SetOf("nginx:1", "spec.replicas") + "+" + SetOf("nginx:2", "spec.replicas");
  }
  bool AwaitSizes(const std::string& sizes) {
    const bool came = Await([&] { return Sizes() == sizes; });
    EXPECT_EQ(Sizes(), sizes);
    return came;
  }
};

TEST_F(DeploymentTest, BecomesAvailableByASetOfItsTemplate) {
  Deploy(3);
  const json::Object set = Items(kSets).front();
  const std::string hash = At(json::Value(set), "metadata.labels.pod-template-hash");
  EXPECT_EQ(NameOf(set), "web-" + hash);
  EXPECT_EQ(At(json::Value(set), "spec.selector.matchLabels.pod-template-hash"), hash);
  EXPECT_EQ(At(json::Value(set), "spec.template.metadata.labels.pod-template-hash"), hash);
  EXPECT_EQ(kinds::Text(set, {"metadata", "annotations", kRevision}), "1");
  EXPECT_EQ(kinds::Text(set, {"metadata", "annotations", kMaxReplicas}), "4");
  AwaitCondition(kWeb, "Progressing", "True NewReplicaSetAvailable");
  AwaitCondition(kWeb, "Available", "True MinimumReplicasAvailable");
  EXPECT_TRUE(
      AwaitEvent("ScalingReplicaSet", "Scaled up replica set web-" + hash + " from 0 to 3"));
}

TEST_F(DeploymentTest, NoMoreThanTheSurgeAndNoLessThanTheAvailableOnTheWay) {
  Deploy(4);  // 25 %: one more, one less
  SetImage("nginx:2");
  AwaitSizes("3+2");
  Settle();
  EXPECT_EQ(Sizes(), "3+2");  // until the new ones are ready
  for (const json::Object& pod : Pods()) {
    if (!IsReady(pod)) {
      Become(NameOf(pod), "Running", true);
      break;
    }
  }
  AwaitSizes("2+3");
  AwaitComplete(4);
  EXPECT_EQ(Sizes(), "0+4");
  AwaitCondition(kWeb, "Progressing", "True NewReplicaSetAvailable");
}

TEST_F(DeploymentTest, AnOldTemplateIsANewRevision) {
  Deploy(1);
  SetImage("nginx:2");
  AwaitComplete(1);
  EXPECT_EQ(kinds::Text(Get(kWeb).object(), {"metadata", "annotations", kRevision}), "2");
  SetImage("nginx:1");
  AwaitComplete(1);
  EXPECT_TRUE(Await([&] {
    return kinds::Text(Get(kWeb).object(), {"metadata", "annotations", kRevision}) == "3";
  }));
  EXPECT_EQ(Items(kSets).size(), 2U);
  for (const json::Object& set : Items(kSets)) {
    if (ReplicasOf(set) == 0) continue;
    EXPECT_EQ(kinds::Text(set, {"metadata", "annotations", kRevision}), "3");
    EXPECT_EQ(kinds::Text(set, {"metadata", "annotations", kRevisionHistory}), "1");
  }
}

TEST_F(DeploymentTest, OldSetsAreKeptUpToTheLimit) {
  Deploy(1);
  Change(R"({"revisionHistoryLimit":1})");
  for (const char* image : {"nginx:2", "nginx:3", "nginx:4"}) {
    SetImage(image);
    AwaitComplete(1);
  }
  EXPECT_TRUE(Await([&] { return Items(kSets).size() == 2; }));
  EXPECT_EQ(SetOf("nginx:3", "spec.replicas"), "0");
}

TEST_F(DeploymentTest, WhoRecreatesHasNoPodOfTheOldBesideOneOfTheNew) {
  Deploy(2);
  Change(R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})");
  // One of them stays for a while.
  const std::string held = NameOf(Pods().front());
  Patch(PodUrl(held), kMerge, R"({"metadata":{"finalizers":["example.com/hold"]}})");
  SetImage("nginx:2");
  EXPECT_TRUE(Await([&] { return SetOf("nginx:1", "status.replicas") == "0"; }));
  Settle();
  EXPECT_EQ(Sizes(), "0+(no set)");
  Patch(PodUrl(held), kMerge, R"({"metadata":{"finalizers":null}})");
  AwaitComplete(2);
  EXPECT_EQ(Sizes(), "0+2");
}

TEST_F(DeploymentTest, WhilePausedItIsScaledButNotRolled) {
  Deploy(2);
  Change(R"({"paused":true})");
  AwaitCondition(kWeb, "Progressing", "Unknown DeploymentPaused");
  SetImage("nginx:2");
  Change(R"({"replicas":3})");
  AwaitSizes("3+(no set)");
  Change(R"({"paused":false})");
  AwaitComplete(3);
  EXPECT_EQ(Sizes(), "0+3");
}

TEST_F(DeploymentTest, ScaledInTheMidstOfARolloutAllSetsGetTheirShare) {
  Deploy(8);  // surge 2, unavailable 2
  SetImage("nginx:2");
  AwaitSizes("6+4");
  EXPECT_TRUE(Await([&] { return SetOf("nginx:2", "status.replicas") == "4"; }));
  Change(R"({"replicas":16})");
  AwaitSizes("12+8");
}

TEST_F(DeploymentTest, ARolloutThatDoesNotGoOnIsTold) {
  Deploy(1);
  Change(R"({"progressDeadlineSeconds":60})");
  SetImage("nginx:2");
  AwaitCondition(kWeb, "Progressing", "True ReplicaSetUpdated");
  Pass(std::chrono::seconds(50));
  Settle();
  EXPECT_EQ(Condition(kWeb, "Progressing"), "True ReplicaSetUpdated");
  Pass(std::chrono::seconds(20));
  AwaitCondition(kWeb, "Progressing", "False ProgressDeadlineExceeded");
  AwaitComplete(1);
  AwaitCondition(kWeb, "Progressing", "True NewReplicaSetAvailable");
}

TEST_F(DeploymentTest, SetsThatNobodyOwnsAreAdopted) {
  Deploy(2);
  const std::string set = NameOf(Items(kSets).front());
  Ask("DELETE", kWeb + "?propagationPolicy=Orphan");
  // As the garbage collector does.
  Patch(std::string(kSets) + "/" + set, kMerge, R"({"metadata":{"ownerReferences":null}})");
  Patch(kWeb, kMerge, R"({"metadata":{"finalizers":null}})");
  EXPECT_EQ(Get(kWeb).status, 404);
  const auto pods = Names(apiserver::kPods);
  Deploy(2);
  AwaitAt(std::string(kSets) + "/" + set, "metadata.ownerReferences.0.uid",
          Get(kWeb).at("metadata.uid"));
  EXPECT_EQ(Items(kSets).size(), 1U);
  EXPECT_EQ(Names(apiserver::kPods), pods);
}

}  // namespace
}  // namespace kvplane::controller
