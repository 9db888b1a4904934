#include "controller/node_lifecycle.h"

#include <set>

#include "controller/taint_eviction.h"
#include "kinds/members.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

using namespace std::chrono_literals;

constexpr char kNodes[] = "/api/v1/nodes";
constexpr char kLeases[] = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
using Set = std::set<std::string>;

class NodeLifecycleTest : public ControllerTest {
 protected:
  NodeLifecycleTest() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<NodeLifecycleController>(environment));
      list.push_back(std::make_unique<TaintEvictionController>(environment));
      return list;
    });
  }

  static std::string Url(const std::string& node) { return std::string(kNodes) + "/" + node; }
  // One that is ready and renews its lease.
  void Join(const std::string& name) {
    EXPECT_EQ(Post(kNodes, R"({"metadata":{"name":")" + name + "\"}}").status, 201);
    SetReady(name, "True");
    EXPECT_EQ(Post(kLeases, R"({"metadata":{"name":")" + name + R"("},"spec":{"holderIdentity":")" +
                                name + R"(","renewTime":"2026-01-01T00:00:00.000000Z"}})")
                  .status,
              201);
  }
  void SetReady(const std::string& name, const std::string& status) {
    const Answer patched = Patch(Url(name) + "/status", "application/merge-patch+json",
                                 R"({"status":{"conditions":[{"type":"Ready","status":")" + status +
                                     R"(","reason":"KubeletReady",)"
                                     R"("message":"","lastHeartbeatTime":"2026-01-01T00:00:00Z",)"
                                     R"("lastTransitionTime":"2026-01-01T00:00:00Z"}]}})");
    EXPECT_EQ(patched.status, 200) << patched.body;
  }
  void Renew(const std::string& name) {
    const std::string second = std::to_string(10 + ++renewals_ % 50);
    const Answer patched =
        Patch(std::string(kLeases) + "/" + name, "application/merge-patch+json",
              R"({"spec":{"renewTime":"2026-01-01T00:00:)" + second + R"(.000000Z"}})");
    EXPECT_EQ(patched.status, 200) << patched.body;
  }
  // What was written is known to all controllers: a write that they answer came after it.
  void Settle() {
    const std::string name = "settle" + std::to_string(++settled_);
    EXPECT_EQ(Post(kNodes, R"({"metadata":{"name":")" + name + "\"}}").status, 201);
    Patch(Url(name), "application/merge-patch+json", R"({"spec":{"unschedulable":true}})");
    EXPECT_TRUE(Await(
        [&] { return Taints(name).contains("node.kubernetes.io/unschedulable NoSchedule"); }));
    Ask("DELETE", Url(name));
  }
  // `alive` renew their leases every ten seconds. In small steps, so that the server does not come
  // to lead anew, and waits anew.
  void Live(std::chrono::seconds time, const std::vector<std::string>& alive) {
    for (auto passed = 2s; passed <= time; passed += 2s) {
      Pass(2s);
      if (passed % 10s != 0s) continue;
      for (const std::string& node : alive) Renew(node);
      // Until the informers know, which the store's feed tells on a thread of its own.
      Settle();
    }
  }
  std::string Ready(const std::string& node) {
    return Get(Url(node)).at("status.conditions.0.status");
  }
  // "node.kubernetes.io/unreachable NoExecute"
  Set Taints(const std::string& node) {
    Set found;
    kinds::ForEach(Get(Url(node)).object(), {"spec", "taints"}, [&](const json::Object& taint) {
      found.insert(std::string(kinds::Text(taint, {"key"})) + " " +
                   std::string(kinds::Text(taint, {"effect"})));
    });
    return found;
  }
  bool AwaitTaints(const std::string& node, const Set& wanted) {
    const bool came = Await([&] { return Taints(node) == wanted; });
    EXPECT_EQ(Taints(node), wanted);
    return came;
  }
  void CreatePod(const std::string& name, const std::string& node, const std::string& tolerations) {
    const Answer created =
        Post(apiserver::kPods, R"({"metadata":{"name":")" + name + R"("},"spec":{"nodeName":")" +
                                   node + R"(","tolerations":[)" + tolerations +
                                   R"(],"containers":[{"name":"c","image":"i"}]}})");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  std::string PodUrl(const std::string& name) { return std::string(apiserver::kPods) + "/" + name; }
  bool IsDeleted(const std::string& name) {
    const Answer pod = Get(PodUrl(name));
    return pod.status == 404 || pod.at("metadata.deletionTimestamp") != "(none)";
  }

 private:
  int renewals_ = 0;
  int settled_ = 0;
};

const Set kUnreachable{"node.kubernetes.io/unreachable NoExecute",
                       "node.kubernetes.io/unreachable NoSchedule"};
const Set kNotReady{"node.kubernetes.io/not-ready NoExecute",
                    "node.kubernetes.io/not-ready NoSchedule"};
constexpr char kFor300[] = R"({"key":"node.kubernetes.io/unreachable","operator":"Exists",)"
                           R"("effect":"NoExecute","tolerationSeconds":300})";
constexpr char kForEver[] = R"({"key":"node.kubernetes.io/unreachable","operator":"Exists",)"
                            R"("effect":"NoExecute"})";

TEST_F(NodeLifecycleTest, ANodeThatIsNotHeardOfIsUnknownAndTainted) {
  Join("alive");
  Join("lost");
  ASSERT_TRUE(AwaitTaints("lost", {}));
  Live(30s, {"alive"});
  EXPECT_EQ(Ready("lost"), "True") << "it has time until 40 seconds have passed";
  Live(20s, {"alive"});
  EXPECT_TRUE(AwaitAt(Url("lost"), "status.conditions.0.status", "Unknown"));
  EXPECT_EQ(Get(Url("lost")).at("status.conditions.0.reason"), "NodeStatusUnknown");
  EXPECT_EQ(Get(Url("lost")).at("status.conditions.0.message"),
            "Kubelet stopped posting node status.");
  EXPECT_TRUE(AwaitTaints("lost", kUnreachable));
  EXPECT_EQ(Ready("alive"), "True");
  EXPECT_TRUE(AwaitTaints("alive", {}));

  // It comes back.
  Renew("lost");
  Settle();
  SetReady("lost", "True");
  EXPECT_TRUE(AwaitTaints("lost", {}));
}

TEST_F(NodeLifecycleTest, ConditionsBecomeTaintsAndThoseOfOthersStay) {
  Join("alive");
  Join("n");
  Patch(Url("n"), "application/merge-patch+json",
        R"({"spec":{"unschedulable":true,"taints":[{"key":"mine","effect":"NoSchedule"}]}})");
  EXPECT_TRUE(AwaitTaints("n", {"mine NoSchedule", "node.kubernetes.io/unschedulable NoSchedule"}));
  SetReady("n", "False");
  Set wanted = kNotReady;
  wanted.insert({"mine NoSchedule", "node.kubernetes.io/unschedulable NoSchedule"});
  EXPECT_TRUE(AwaitTaints("n", wanted));
}

TEST_F(NodeLifecycleTest, ANodeThatNeverSaysHowItIsHasAMinuteTo) {
  EXPECT_EQ(Post(kNodes, R"({"metadata":{"name":"mute"},"spec":{"taints":[)"
                         R"({"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]}})")
                .status,
            201);
  EXPECT_TRUE(AwaitTaints("mute", {}));
  Live(50s, {});
  EXPECT_EQ(Get(Url("mute")).at("status.conditions"), "(none)");
  Live(20s, {});
  EXPECT_TRUE(AwaitAt(Url("mute"), "status.conditions.0.reason", "NodeStatusNeverUpdated"));
  EXPECT_TRUE(AwaitTaints("mute", {"node.kubernetes.io/unreachable NoSchedule"}));
}

TEST_F(NodeLifecycleTest, PodsOfALostNodeGoWhenTheirTimeIsOver) {
  Join("alive");
  Join("lost");
  CreatePod("waits", "lost", kFor300);
  CreatePod("stays", "lost", kForEver);
  CreatePod("elsewhere", "alive", kFor300);
  Live(50s, {"alive"});
  ASSERT_TRUE(AwaitTaints("lost", kUnreachable));
  CreatePod("goes", "lost", "");
  EXPECT_TRUE(Await([&] { return IsDeleted("goes"); }));
  Live(240s, {"alive"});
  EXPECT_FALSE(IsDeleted("waits"));
  Live(80s, {"alive"});
  EXPECT_TRUE(Await([&] { return IsDeleted("waits"); }));
  EXPECT_FALSE(IsDeleted("stays"));
  EXPECT_FALSE(IsDeleted("elsewhere"));
}

TEST_F(NodeLifecycleTest, WhereAllNodesAreLostNobodyIsEvicted) {
  Join("a");
  Join("b");
  CreatePod("p", "a", "");
  ASSERT_TRUE(AwaitTaints("a", {}));
  Live(60s, {});
  EXPECT_TRUE(AwaitTaints("a", {"node.kubernetes.io/unreachable NoSchedule"}));
  EXPECT_TRUE(AwaitTaints("b", {"node.kubernetes.io/unreachable NoSchedule"}));
  EXPECT_FALSE(IsDeleted("p"));
}

}  // namespace
}  // namespace kvplane::controller
