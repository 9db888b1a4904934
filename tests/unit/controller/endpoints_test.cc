#include "controller/endpoints.h"

#include <set>

#include "controller/endpoint_slices.h"
#include "kinds/members.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

class EndpointsTest : public ControllerTest {
 protected:
  EndpointsTest() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<EndpointsController>(environment));
      list.push_back(std::make_unique<EndpointSliceController>(environment));
      return list;
    });
  }

  void CreateService(const std::string& spec) {
    const Answer created =
        Post("/api/v1/namespaces/default/services",
             R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"web","labels":{"a":"b"}},)"
             R"("spec":{)" +
                 spec + "}}");
    EXPECT_EQ(created.status, 201) << created.body;
  }
  // One that runs, where `ip` is given.
  void CreatePod(const std::string& name, const std::string& ip, bool ready = true,
                 const std::string& app = "web") {
    Post(apiserver::kPods, R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
                               R"(","labels":{"app":")" + app +
                               R"("}},"spec":{"nodeName":"n1",)"
                               R"("containers":[{"name":"c","image":"nginx","ports":[{"name":)"
                               R"("http","containerPort":8080}]}]}})");
    if (!ip.empty()) SetStatus(name, ip, ready);
  }
  void SetStatus(const std::string& name, const std::string& ip, bool ready) {
    const Answer patched = Patch(
        std::string(apiserver::kPods) + "/" + name + "/status", "application/merge-patch+json",
        R"({"status":{"phase":"Running","podIP":")" + ip + R"(","podIPs":[{"ip":")" + ip +
            R"("}],"conditions":[{"type":"Ready","status":")" + (ready ? "True" : "False") +
            R"("}]}})");
    EXPECT_EQ(patched.status, 200) << patched.body;
  }

  std::vector<json::Object> Slices() {
    std::vector<json::Object> slices;
    const json::Object list =
        Get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector="
            "kubernetes.io/service-name=web")
            .object();
    for (const json::Value& one : list.at("items").as_array()) slices.push_back(one.as_object());
    return slices;
  }
  // "10.0.0.1 ready serving" for each endpoint.
  std::set<std::string> SliceEndpoints() {
    std::set<std::string> found;
    for (const json::Object& slice : Slices()) {
      kinds::ForEach(slice, {"endpoints"}, [&](const json::Object& endpoint) {
        std::string text = kinds::Plain(endpoint.at("addresses").as_array()[0]);
        for (const char* name : {"ready", "serving", "terminating"}) {
          if (kinds::True(endpoint, {"conditions", name})) text += std::string(" ") + name;
        }
        found.insert(text);
      });
    }
    return found;
  }
  bool AwaitSlices(const std::set<std::string>& wanted) {
    const bool came = Await([&] { return SliceEndpoints() == wanted; });
    EXPECT_EQ(SliceEndpoints(), wanted);
    return came;
  }
};

constexpr char kWeb[] = R"("selector":{"app":"web"},"ports":[{"name":"h","port":80,)"
                        R"("targetPort":"http"}])";
constexpr char kEndpoints[] = "/api/v1/namespaces/default/endpoints/web";
using Set = std::set<std::string>;

TEST_F(EndpointsTest, FollowThePodsThatTheServiceSelects) {
  CreateService(kWeb);
  CreatePod("a", "10.0.0.1");
  CreatePod("b", "10.0.0.2", /*ready=*/false);
  CreatePod("c", "");
  CreatePod("d", "10.0.0.4", true, "other");
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.notReadyAddresses.0.ip", "10.0.0.2"));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.addresses.0.ip", "10.0.0.1"));
  const Answer endpoints = Get(kEndpoints);
  EXPECT_EQ(endpoints.at("subsets.0.addresses.1"), "(none)");
  EXPECT_EQ(endpoints.at("subsets.0.addresses.0.targetRef.name"), "a");
  EXPECT_EQ(endpoints.at("subsets.0.addresses.0.nodeName"), "n1");
  EXPECT_EQ(endpoints.at("subsets.0.ports"), R"([{"name":"h","port":8080,"protocol":"TCP"}])");
  EXPECT_EQ(endpoints.at("metadata.labels.a"), "b");
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready serving", "10.0.0.2"}));
  ASSERT_EQ(Slices().size(), 1u);
  EXPECT_EQ(At(Slices()[0], "addressType"), "IPv4");
  EXPECT_EQ(At(Slices()[0], "ports"), R"([{"name":"h","protocol":"TCP","port":8080}])");
  EXPECT_EQ(At(Slices()[0], "metadata.ownerReferences.0.kind"), "Service");

  SetStatus("b", "10.0.0.2", true);
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready serving", "10.0.0.2 ready serving"}));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.addresses.1.ip", "10.0.0.2"));
  Ask("DELETE", std::string(apiserver::kPods) + "/a?gracePeriodSeconds=0");
  EXPECT_TRUE(AwaitSlices({"10.0.0.2 ready serving"}));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.addresses.0.ip", "10.0.0.2"));
}

TEST_F(EndpointsTest, APodThatEndsServesButIsNotReady) {
  CreateService(kWeb);
  CreatePod("a", "10.0.0.1");
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready serving"}));
  Ask("DELETE", std::string(apiserver::kPods) + "/a");
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 serving terminating"}));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets", "(none)"));
}

TEST_F(EndpointsTest, AServiceWithoutPodsHasEmptyOnes) {
  CreateService(kWeb);
  EXPECT_TRUE(Await([&] { return Get(kEndpoints).status == 200; }));
  EXPECT_TRUE(Await([&] { return Slices().size() == 1; }));
  EXPECT_TRUE(AwaitSlices({}));
}

TEST_F(EndpointsTest, ThoseOfAServiceWithoutASelectorAreLeftAlone) {
  CreateService(R"("ports":[{"port":80}])");
  Post("/api/v1/namespaces/default/endpoints",
       R"({"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"web"},"subsets":[)"
       R"({"addresses":[{"ip":"192.0.2.7"}],"ports":[{"port":80}]}]})");
  CreatePod("a", "10.0.0.1");
  controllers_->RunDue();
  const std::string version = Get(kEndpoints).at("metadata.resourceVersion");
  Patch("/api/v1/namespaces/default/services/web", "application/merge-patch+json",
        R"({"metadata":{"labels":{"x":"y"}}})");
  // Another service's endpoints come after all that was to be done for this one.
  Post("/api/v1/namespaces/default/services",
       R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"zzz"},"spec":{)" +
           std::string(kWeb) + "}}");
  EXPECT_TRUE(
      AwaitAt("/api/v1/namespaces/default/endpoints/zzz", "subsets.0.addresses.0.ip", "10.0.0.1"));
  EXPECT_EQ(Get(kEndpoints).at("metadata.resourceVersion"), version);
  Ask("DELETE", "/api/v1/namespaces/default/services/web");
  Ask("DELETE", "/api/v1/namespaces/default/services/zzz");
  EXPECT_TRUE(AwaitGone("/api/v1/namespaces/default/endpoints/zzz"));
  EXPECT_EQ(Get(kEndpoints).status, 200);
}

TEST_F(EndpointsTest, AServiceThatPublishesAllHasThemReadyFromTheStart) {
  CreateService(std::string(kWeb) + R"(,"clusterIP":"None","publishNotReadyAddresses":true)");
  CreatePod("a", "10.0.0.1", /*ready=*/false);
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready"}));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.addresses.0.ip", "10.0.0.1"));
  EXPECT_EQ(Get(kEndpoints).at("metadata.labels.service.kubernetes.io/headless"), "(none)");
  EXPECT_TRUE(Get(kEndpoints)
                  .object()
                  .at("metadata")
                  .as_object()
                  .at("labels")
                  .as_object()
                  .contains("service.kubernetes.io/headless"));
}

TEST_F(EndpointsTest, ASliceHoldsAHundredAndTheOthersStayWhereTheyAre) {
  for (int i = 0; i < 120; ++i) {
    CreatePod("p" + std::to_string(i), "10.0.1." + std::to_string(i));
  }
  CreateService(kWeb);
  EXPECT_TRUE(Await([&] { return SliceEndpoints().size() == 120; }));
  const std::vector<json::Object> before = Slices();
  ASSERT_EQ(before.size(), 2u);
  Ask("DELETE", std::string(apiserver::kPods) + "/p7?gracePeriodSeconds=0");
  EXPECT_TRUE(Await([&] { return SliceEndpoints().size() == 119; }));
  const std::vector<json::Object> after = Slices();
  ASSERT_EQ(after.size(), 2u);
  int changed = 0;
  for (size_t i = 0; i < 2; ++i) changed += before[i] == after[i] ? 0 : 1;
  EXPECT_EQ(changed, 1);
}

TEST_F(EndpointsTest, NothingIsWrittenWhereNothingChanges) {
  CreateService(std::string(kWeb) + R"(,"clusterIP":"None")");
  CreatePod("a", "10.0.0.1");
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready serving"}));
  EXPECT_TRUE(AwaitAt(kEndpoints, "subsets.0.addresses.0.ip", "10.0.0.1"));
  const std::string version = Get(kEndpoints).at("metadata.resourceVersion");
  const json::Object slice = Slices()[0];
  for (int i = 0; i < 3; ++i) {
    Patch(std::string(apiserver::kPods) + "/a", "application/merge-patch+json",
          R"({"metadata":{"annotations":{"n":")" + std::to_string(i) + R"("}}})");
  }
  CreatePod("b", "10.0.0.2");
  EXPECT_TRUE(AwaitSlices({"10.0.0.1 ready serving", "10.0.0.2 ready serving"}));
  // One write for the pod that came, none for those that changed.
  EXPECT_EQ(At(Slices()[0], "metadata.generation"),
            std::to_string(std::stoi(At(slice, "metadata.generation")) + 1));
}

}  // namespace
}  // namespace kvplane::controller
