#include "controller/slice_mirroring.h"

#include <set>

#include "controller/endpoint_slices.h"
#include "kinds/members.h"
#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

constexpr char kServices[] = "/api/v1/namespaces/default/services";
constexpr char kEndpoints[] = "/api/v1/namespaces/default/endpoints";
constexpr char kMirrored[] =
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector="
    "endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io";
using Set = std::set<std::string>;

class SliceMirroringTest : public ControllerTest {
 protected:
  SliceMirroringTest() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<EndpointSliceController>(environment));
      list.push_back(std::make_unique<SliceMirroringController>(environment));
      return list;
    });
  }

  void Create(const std::string& url, const std::string& document) {
    const Answer created = Post(url, document);
    EXPECT_EQ(created.status, 201) << created.body;
  }
  void CreateService(const std::string& spec = R"("ports":[{"port":80}])") {
    Create(kServices, R"({"metadata":{"name":"db"},"spec":{)" + spec + "}}");
  }
  void CreateEndpoints(const std::string& subsets, const std::string& metadata = "") {
    Create(kEndpoints,
           R"({"metadata":{"name":"db")" + metadata + R"(},"subsets":[)" + subsets + "]}");
  }

  std::vector<json::Object> Slices() {
    std::vector<json::Object> slices;
    const json::Object list = Get(kMirrored).object();
    for (const json::Value& one : list.at("items").as_array()) slices.push_back(one.as_object());
    return slices;
  }
  // "IPv4 5432 10.0.0.1 ready" for each endpoint.
  Set Told() {
    Set found;
    for (const json::Object& slice : Slices()) {
      kinds::ForEach(slice, {"endpoints"}, [&](const json::Object& endpoint) {
        std::string text = At(slice, "addressType") + " " + At(slice, "ports.0.port") + " " +
                           kinds::Plain(endpoint.at("addresses").as_array()[0]);
        if (kinds::True(endpoint, {"conditions", "ready"})) text += " ready";
        found.insert(text);
      });
    }
    return found;
  }
  bool AwaitTold(const Set& wanted) {
    const bool came = Await([&] { return Told() == wanted; });
    EXPECT_EQ(Told(), wanted);
    return came;
  }
};

constexpr char kTwo[] = R"({"addresses":[{"ip":"10.0.0.1","nodeName":"n1"},{"ip":"fd00::1"}],)"
                        R"("notReadyAddresses":[{"ip":"10.0.0.2"}],"ports":[{"port":5432}]})";

TEST_F(SliceMirroringTest, EndpointsWrittenByHandComeToLieInSlices) {
  CreateService();
  CreateEndpoints(kTwo, R"(,"labels":{"a":"b"},"annotations":{"c":"d"})");
  EXPECT_TRUE(
      AwaitTold({"IPv4 5432 10.0.0.1 ready", "IPv4 5432 10.0.0.2", "IPv6 5432 fd00::1 ready"}));
  ASSERT_EQ(Slices().size(), 2u) << "one a family";
  const json::Object slice = Slices()[0];
  EXPECT_EQ(At(slice, "metadata.labels.a"), "b");
  EXPECT_EQ(At(slice, "metadata.annotations.c"), "d");
  EXPECT_EQ(kinds::Text(slice, {"metadata", "labels", "kubernetes.io/service-name"}), "db");
  EXPECT_EQ(At(slice, "metadata.ownerReferences.0.kind"), "Endpoints");
  EXPECT_EQ(At(slice, "metadata.ownerReferences.0.controller"), "true");
}

TEST_F(SliceMirroringTest, SlicesFollowTheEndpoints) {
  CreateService();
  CreateEndpoints(kTwo);
  EXPECT_TRUE(
      AwaitTold({"IPv4 5432 10.0.0.1 ready", "IPv4 5432 10.0.0.2", "IPv6 5432 fd00::1 ready"}));
  const auto set = [&](const std::string& patch) {
    const Answer patched =
        Patch(std::string(kEndpoints) + "/db", "application/merge-patch+json", patch);
    EXPECT_EQ(patched.status, 200) << patched.body;
  };
  set(R"({"subsets":[{"addresses":[{"ip":"10.0.0.3"}],"ports":[{"port":5432}]}]})");
  EXPECT_TRUE(AwaitTold({"IPv4 5432 10.0.0.3 ready"}));
  EXPECT_EQ(Slices().size(), 1u);
  set(R"({"metadata":{"labels":{"endpointslice.kubernetes.io/skip-mirror":"true"}}})");
  EXPECT_TRUE(AwaitTold({}));
  EXPECT_EQ(Slices().size(), 0u);
}

TEST_F(SliceMirroringTest, AServiceComesAndGoes) {
  CreateEndpoints(kTwo);
  CreateService();
  EXPECT_TRUE(
      AwaitTold({"IPv4 5432 10.0.0.1 ready", "IPv4 5432 10.0.0.2", "IPv6 5432 fd00::1 ready"}));
  // One that selects pods has slices of its own.
  Patch(std::string(kServices) + "/db", "application/merge-patch+json",
        R"({"spec":{"selector":{"app":"db"}}})");
  EXPECT_TRUE(AwaitTold({}));
  EXPECT_EQ(Slices().size(), 0u);
  Patch(std::string(kServices) + "/db", "application/merge-patch+json",
        R"({"spec":{"selector":null}})");
  EXPECT_TRUE(
      AwaitTold({"IPv4 5432 10.0.0.1 ready", "IPv4 5432 10.0.0.2", "IPv6 5432 fd00::1 ready"}));
  Ask("DELETE", std::string(kServices) + "/db");
  EXPECT_TRUE(AwaitTold({}));
}

TEST_F(SliceMirroringTest, ManyEndpointsAreSpreadOverSlices) {
  CreateService();
  std::string addresses;
  for (int i = 1; i <= 250; ++i) {
    addresses += (i == 1 ? "" : ",") + (R"({"ip":"10.0.1.)" + std::to_string(i) + "\"}");
  }
  CreateEndpoints(R"({"addresses":[)" + addresses + R"(],"ports":[{"port":1}]})");
  EXPECT_TRUE(Await([&] { return Told().size() == 250; }));
  EXPECT_EQ(Slices().size(), 3u) << "a hundred a slice";
}

}  // namespace
}  // namespace kvplane::controller
