#include "unit/apiserver/api_fixture.h"

namespace kvplane::apiserver {
namespace {

class Actions : public ApiTest {
 protected:
  // A pod that runs on a node, so that a budget counts it.
  void RunPod(const std::string& name) {
    const std::string url = std::string(kPods) + "/" + name;
    Post(kPods, Pod(name));
    Post(url + "/binding", R"({"target":{"kind":"Node","name":"n1"}})");
    Patch(url + "/status", "application/merge-patch+json", R"({"status":{"phase":"Running"}})");
  }
  Answer Evict(const std::string& name) {
    return Post(
        std::string(kPods) + "/" + name + "/eviction",
        R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":")" + name + "\"}}");
  }
  const std::string budgets_ = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
};

TEST_F(Actions, BindAPodOnce) {
  Post(kPods, Pod("p"));
  const std::string binding = R"({"target":{"kind":"Node","name":"n1"}})";
  EXPECT_EQ(Post(std::string(kPods) + "/p/binding", binding).status, 201);
  const Answer pod = Get(std::string(kPods) + "/p");
  EXPECT_EQ(pod.at("spec.nodeName"), "n1");
  EXPECT_EQ(pod.at("status.conditions.0.type"), "PodScheduled");
  EXPECT_EQ(Post(std::string(kPods) + "/p/binding", binding).status, 409);
}

TEST_F(Actions, EvictWithinABudget) {
  RunPod("p");
  RunPod("q");
  Post(budgets_, R"({"metadata":{"name":"b"},"spec":{"minAvailable":1,"selector":{"matchLabels":)"
                 R"({"app":"web"}}}})");
  const std::string merge = "application/merge-patch+json";
  Patch(budgets_ + "/b/status", merge, R"({"status":{"disruptionsAllowed":1}})");
  EXPECT_EQ(Evict("p").status, 201);
  EXPECT_NE(Get(std::string(kPods) + "/p").at("metadata.deletionTimestamp"), "(none)");
  EXPECT_EQ(Get(budgets_ + "/b").at("status.disruptionsAllowed"), "0");
  const Answer refused = Evict("q");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.at("reason"), "TooManyRequests");
  EXPECT_EQ(refused.at("details.causes.0.reason"), "DisruptionBudget");
}

TEST_F(Actions, OnPodsWithoutANodeAreRefused) {
  Post(kPods, Pod("p"));
  const Answer log = Get(std::string(kPods) + "/p/log");
  EXPECT_EQ(log.status, 400);
  EXPECT_EQ(log.at("message"), "pod p does not have a host assigned");
}

TEST_F(Actions, GiveServicesAddresses) {
  const std::string services = "/api/v1/namespaces/default/services";
  const Answer service = Post(services, R"({"metadata":{"name":"s"},"spec":{"type":"LoadBalancer",)"
                                        R"("ports":[{"port":80}]}})");
  EXPECT_EQ(service.status, 201) << service.body;
  EXPECT_TRUE(service.at("spec.clusterIP").starts_with("10.43.")) << service.body;
  EXPECT_EQ(service.at("spec.clusterIPs.0"), service.at("spec.clusterIP"));
  EXPECT_GE(std::stoi(service.at("spec.ports.0.nodePort")), 30000);
  const Answer changed = Patch(services + "/s", "application/merge-patch+json",
                               R"({"spec":{"clusterIP":"10.43.0.9"}})");
  EXPECT_EQ(changed.status, 422) << changed.body;
  EXPECT_EQ(Post(services, R"({"metadata":{"name":"t"},"spec":{"clusterIP":"10.1.0.1",)"
                           R"("ports":[{"port":80}]}})")
                .status,
            422);
}

TEST_F(Actions, ApplyNamesOnlyWhatItNames) {
  Post(kDeployments, Deployment("web"));
  const Answer applied =
      Patch(std::string(kDeployments) + "/web?fieldManager=notes", "application/apply-patch+yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations:\n    "
            "note: \"1\"\n");
  EXPECT_EQ(applied.status, 200) << applied.body;
  EXPECT_EQ(applied.at("metadata.annotations.note"), "1");
  EXPECT_EQ(applied.at("spec.replicas"), "1");
}

TEST_F(Actions, WatchOneObjectByItsPath) {
  Post(kConfigMaps, ConfigMap("a"));
  Post(kConfigMaps, ConfigMap("b"));
  const auto watch = Start("GET", std::string(kConfigMaps) + "/b?watch=true");
  Ask("DELETE", std::string(kConfigMaps) + "/a");
  Ask("DELETE", std::string(kConfigMaps) + "/b");
  const auto lines = watch->AwaitLines(2);
  EXPECT_NE(lines[0].find(R"("type":"ADDED","object":{"kind":"ConfigMap")"), std::string::npos);
  EXPECT_NE(lines[1].find(R"("name":"b")"), std::string::npos);
}

}  // namespace
}  // namespace kvplane::apiserver
