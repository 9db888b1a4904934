#include "controller/daemon_sets.h"

#include "unit/controller/workload_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kSets[] = "/apis/apps/v1/namespaces/default/daemonsets";
constexpr char kAgent[] = "/apis/apps/v1/namespaces/default/daemonsets/agent";
constexpr char kNodes[] = "/api/v1/nodes";

class DaemonSetTest : public WorkloadTest {
 protected:
  DaemonSetTest() { RunAll<DaemonSetController>(); }

  void Node(const std::string& name, const std::string& labels = "{}",
            const std::string& spec = "{}") {
    const Answer made =
        Post(kNodes, R"({"kind":"Node","apiVersion":"v1","metadata":{"name":")" + name +
                         R"(","labels":)" + labels + R"(},"spec":)" + spec + "}");
    EXPECT_EQ(made.status, 201) << made.body;
  }
  void Create(const std::string& spec = "", const std::string& pod = "") {
    const Answer created =
        Post(kSets, R"({"kind":"DaemonSet","apiVersion":"apps/v1","metadata":{"name":"agent"},)"
                    R"("spec":{)" +
                        spec +
                        R"("selector":{"matchLabels":{"app":"agent"}},"template":{"metadata":{)"
                        R"("labels":{"app":"agent"}},"spec":{)" +
                        pod + R"("containers":[{"name":"c","image":"agent:1"}]}}}})");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  void SetImage(const std::string& image) {
    Patch(kAgent, "application/strategic-merge-patch+json",
          R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":")" + image +
              R"("}]}}}})");
  }
  std::string NodeOf(const json::Object& pod) {
    return At(json::Value(pod),
              "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
              "nodeSelectorTerms.0.matchFields.0.values.0");
  }
  int Count(const std::string& image) {
    int count = 0;
    for (const json::Object& pod : Pods()) {
      count += At(json::Value(pod), "spec.containers.0.image") == image ? 1 : 0;
    }
    return count;
  }
};

TEST_F(DaemonSetTest, OnePodIsMadeForEveryNodeAlsoForThoseThatCome) {
  Node("a");
  Node("b");
  Create();
  AwaitPods(2);
  AwaitAt(kAgent, "status.desiredNumberScheduled", "2");
  Node("c");
  AwaitPods(3);
  std::vector<std::string> nodes;
  for (const json::Object& pod : Pods()) nodes.push_back(NodeOf(pod));
  std::sort(nodes.begin(), nodes.end());
  EXPECT_EQ(nodes, (std::vector<std::string>{"a", "b", "c"}));
  MakeReady();
  AwaitAt(kAgent, "status.numberAvailable", "3");
  Ask("DELETE", std::string(kNodes) + "/a");
  AwaitPods(2);
}

TEST_F(DaemonSetTest, NodesThatDoNotFitHaveNone) {
  Node("a", R"({"disk":"ssd"})");
  Node("b");
  Node("c", R"({"disk":"ssd"})", R"({"taints":[{"key":"own","effect":"NoSchedule"}]})");
  Node("d", R"({"disk":"ssd"})",
       R"({"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]})");
  Create("", R"("nodeSelector":{"disk":"ssd"},)");
  AwaitPods(2);
  Settle();
  EXPECT_EQ(Pods().size(), 2U);
  Patch(std::string(kNodes) + "/a", kMerge, R"({"metadata":{"labels":{"disk":"hdd"}}})");
  AwaitPods(1);
  EXPECT_EQ(NodeOf(Pods().front()), "d");
}

TEST_F(DaemonSetTest, RollsOneNodeAfterTheOther) {
  for (const char* node : {"a", "b", "c"}) Node(node);
  Create();
  AwaitPods(3);
  MakeReady();
  AwaitAt(kAgent, "status.numberAvailable", "3");
  SetImage("agent:2");
  EXPECT_TRUE(Await([&] { return Count("agent:2") == 1 && Count("agent:1") == 2; }));
  Settle();
  EXPECT_EQ(Count("agent:1"), 2);  // until the new one is well
  EXPECT_TRUE(AwaitWithReadyPods([&] { return Count("agent:2") == 3; }));
  MakeReady();
  AwaitAt(kAgent, "status.updatedNumberScheduled", "3");
  EXPECT_EQ(Items("/apis/apps/v1/namespaces/default/controllerrevisions").size(), 2U);
}

TEST_F(DaemonSetTest, WithASurgeTheOldOneStaysUntilTheNewOneIsWell) {
  Node("a");
  Create(R"("updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},)");
  AwaitPods(1);
  MakeReady();
  AwaitAt(kAgent, "status.numberAvailable", "1");
  SetImage("agent:2");
  AwaitPods(2);
  Settle();
  EXPECT_EQ(Count("agent:1"), 1);
  MakeReady();
  AwaitPods(1);
  EXPECT_EQ(Count("agent:2"), 1);
}

TEST_F(DaemonSetTest, OnDeleteWaitsForWhoDeletes) {
  Node("a");
  Create(R"("updateStrategy":{"type":"OnDelete"},)");
  AwaitPods(1);
  SetImage("agent:2");
  AwaitAt(kAgent, "status.observedGeneration", "2");
  Settle();
  EXPECT_EQ(Count("agent:1"), 1);
  Ask("DELETE", PodUrl(NameOf(Pods().front())));
  EXPECT_TRUE(Await([&] { return Count("agent:2") == 1; }));
}

TEST_F(DaemonSetTest, WhatFailedIsMadeAnew) {
  Node("a");
  Create();
  AwaitPods(1);
  const std::string pod = NameOf(Pods().front());
  Become(pod, "Failed");
  EXPECT_TRUE(AwaitGone(PodUrl(pod)));
  AwaitPods(1);
  EXPECT_TRUE(AwaitEvent("FailedDaemonPod", "on node a, will try to kill it"));
}

}  // namespace
}  // namespace kvplane::controller
