#include "controller/service_accounts.h"

#include "unit/controller/controller_fixture.h"

namespace kvplane::controller {
namespace {

class ServiceAccountsTest : public ControllerTest {
 protected:
  ServiceAccountsTest() {
    Run([](Environment& environment) {
      ControllerList list;
      list.push_back(std::make_unique<ServiceAccountController>(environment));
      list.push_back(std::make_unique<RootCaPublisher>(environment));
      return list;
    });
  }
  bool AwaitThere(const std::string& url) {
    return Await([&] { return Get(url).status == 200; });
  }
};

constexpr char kAccount[] = "/api/v1/namespaces/shop/serviceaccounts/default";
constexpr char kRootCa[] = "/api/v1/namespaces/shop/configmaps/kube-root-ca.crt";
constexpr char kShop[] = R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"shop"}})";

TEST_F(ServiceAccountsTest, EveryNamespaceHasTheDefaultAccountAndTheServersAuthority) {
  EXPECT_TRUE(AwaitThere("/api/v1/namespaces/kube-system/serviceaccounts/default"));
  Post("/api/v1/namespaces", kShop);
  EXPECT_TRUE(AwaitThere(kAccount));
  EXPECT_TRUE(AwaitThere(kRootCa));
  const json::Object data = Get(kRootCa).object().at("data").as_object();
  EXPECT_EQ(json::View(data.at("ca.crt").as_string()), Cluster().server_ca.certificate);
}

TEST_F(ServiceAccountsTest, TheyComeBackWhereTheyAreRemovedOrChanged) {
  Post("/api/v1/namespaces", kShop);
  EXPECT_TRUE(AwaitThere(kAccount));
  const std::string uid = Get(kAccount).at("metadata.uid");
  Ask("DELETE", kAccount);
  EXPECT_TRUE(Await([&] {
    const Answer answer = Get(kAccount);
    return answer.status == 200 && answer.at("metadata.uid") != uid;
  }));
  EXPECT_TRUE(AwaitThere(kRootCa));
  Patch(kRootCa, "application/merge-patch+json", R"({"data":{"ca.crt":"x","more":"y"}})");
  EXPECT_TRUE(Await([&] {
    const json::Object data = Get(kRootCa).object().at("data").as_object();
    return data.size() == 1 &&
           json::View(data.at("ca.crt").as_string()) == Cluster().server_ca.certificate;
  }));
}

}  // namespace
}  // namespace kvplane::controller
