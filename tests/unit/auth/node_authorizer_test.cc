#include "auth/node_authorizer.h"

#include <gtest/gtest.h>

#include <string>

#include "api/json.h"
#include "kinds/kind.h"

namespace kvplane::auth {
namespace {

using apiserver::Decision;
using apiserver::RequestInfo;

// Allows nothing, as RBAC does where nothing is bound.
class Nothing : public apiserver::Authorizer {
 public:
  Decision Authorize(const User& /*user*/, const RequestInfo& /*request*/) const override {
    return {};
  }
  std::vector<Rule> RulesOf(const User& /*user*/, const std::string& /*ns*/) const override {
    return {};
  }
};

class NodeAuthorizerTest : public testing::Test {
 protected:
  static const kinds::Kind& Kind(std::string_view group_version, std::string_view plural) {
    return *kinds::Kinds::BuiltIn().Find(group_version, plural)->kind;
  }
  void PutPod(const std::string& name, const std::string& node, const std::string& more = "") {
    graph_.Put(Kind("v1", "pods"),
               api::ParseJson(R"({"metadata":{"namespace":"web","name":")" + name +
                              R"("},"spec":{"serviceAccountName":"shop","nodeName":")" + node +
                              "\"" + more + "}}")
                   ->get_object());
  }
  void PutVolume(const std::string& claim) {
    graph_.Put(Kind("v1", "persistentvolumes"),
               api::ParseJson(R"({"metadata":{"name":"pv"},"spec":{"claimRef":{"namespace":"web",)"
                              R"("name":")" +
                              claim +
                              R"("},"csi":{"nodeStageSecretRef":)"
                              R"({"namespace":"storage","name":"key"}}}})")
                   ->get_object());
  }
  Decision Ask(const std::string& method, const std::string& path, const std::string& selector = "",
               const std::string& node = "n1") {
    apiserver::Request request{.method = method, .path = path};
    if (!selector.empty()) request.query.emplace_back("fieldSelector", selector);
    return authorizer_.Authorize({.name = "system:node:" + node, .groups = {"system:nodes"}},
                                 RequestInfo::Of(request));
  }
  bool May(const std::string& method, const std::string& path, const std::string& selector = "",
           const std::string& node = "n1") {
    return Ask(method, path, selector, node).allowed;
  }

  NodeGraph graph_;
  Nothing nothing_;
  NodeAuthorizer authorizer_{graph_, nothing_};
};

const std::string kWeb = "/api/v1/namespaces/web/";

TEST_F(NodeAuthorizerTest, LetsANodeReadWhatItsPodsName) {
  PutPod("p", "n1",
         R"(,"imagePullSecrets":[{"name":"pull"}],"volumes":[{"name":"a","configMap":{"name":)"
         R"("settings"}},{"name":"b","projected":{"sources":[{"secret":{"name":"projected"}}]}},)"
         R"({"name":"c","persistentVolumeClaim":{"claimName":"disk"}}],"containers":[{"envFrom":)"
         R"([{"secretRef":{"name":"environment"}}]}])");
  for (const std::string path : {"secrets/pull", "secrets/projected", "secrets/environment",
                                 "configmaps/settings", "persistentvolumeclaims/disk", "pods/p"}) {
    EXPECT_TRUE(May("GET", kWeb + path)) << path;
    EXPECT_FALSE(May("GET", kWeb + path, "", "n2")) << path;
  }
  EXPECT_TRUE(May("GET", kWeb + "secrets", "metadata.name=pull"));
  EXPECT_TRUE(May("POST", kWeb + "serviceaccounts/shop/token"));
  EXPECT_FALSE(May("POST", kWeb + "serviceaccounts/other/token"));
  EXPECT_EQ(Ask("GET", kWeb + "secrets/other").reason,
            "no relationship found between node 'n1' and this object");
  EXPECT_EQ(Ask("DELETE", kWeb + "secrets/pull").reason, "can only read resources of this type");
  graph_.Remove(Kind("v1", "pods"),
                api::ParseJson(R"({"metadata":{"namespace":"web","name":"p"}})")->get_object());
  EXPECT_FALSE(May("GET", kWeb + "secrets/pull"));
}

TEST_F(NodeAuthorizerTest, FollowsClaimsToTheirVolumesAndSecrets) {
  PutPod("p", "n1", R"(,"volumes":[{"name":"c","persistentVolumeClaim":{"claimName":"disk"}}])");
  EXPECT_FALSE(May("GET", "/api/v1/persistentvolumes/pv"));
  PutVolume("disk");
  EXPECT_TRUE(May("GET", "/api/v1/persistentvolumes/pv"));
  EXPECT_TRUE(May("GET", "/api/v1/namespaces/storage/secrets/key"));
  PutVolume("another");
  EXPECT_FALSE(May("GET", "/api/v1/persistentvolumes/pv"));
  EXPECT_FALSE(May("GET", "/api/v1/namespaces/storage/secrets/key"));
}

TEST_F(NodeAuthorizerTest, GivesNothingForMirrorPods) {
  graph_.Put(Kind("v1", "pods"),
             api::ParseJson(R"({"metadata":{"namespace":"web","name":"m","annotations":{)"
                            R"("kubernetes.io/config.mirror":"x"}},"spec":{"nodeName":"n1",)"
                            R"("imagePullSecrets":[{"name":"pull"}]}})")
                 ->get_object());
  EXPECT_TRUE(May("GET", kWeb + "pods/m"));
  EXPECT_FALSE(May("GET", kWeb + "secrets/pull"));
}

TEST_F(NodeAuthorizerTest, KeepsANodeToItself) {
  EXPECT_TRUE(May("GET", "/api/v1/nodes/n1"));
  EXPECT_FALSE(May("GET", "/api/v1/nodes/n2"));
  EXPECT_FALSE(May("DELETE", "/api/v1/nodes/n1"));
  EXPECT_TRUE(May("PATCH", "/api/v1/nodes/n1/status"));
  EXPECT_TRUE(May("GET", "/api/v1/nodes", "metadata.name=n1"));
  EXPECT_TRUE(May("GET", "/api/v1/pods", "spec.nodeName=n1"));
  EXPECT_FALSE(May("GET", "/api/v1/pods", "spec.nodeName!=n2"));
  EXPECT_EQ(Ask("GET", "/api/v1/pods").reason,
            "can only list/watch pods with spec.nodeName field selector");
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  EXPECT_TRUE(May("PUT", leases + "/n1"));
  EXPECT_FALSE(May("PUT", leases + "/n2"));
  EXPECT_TRUE(May("POST", leases));
  // What is the same for all.
  EXPECT_TRUE(May("GET", "/api/v1/services"));
  EXPECT_FALSE(May("POST", "/api/v1/namespaces/web/services"));
}

TEST_F(NodeAuthorizerTest, LeavesEverybodyElseToTheNext) {
  PutPod("p", "n1", R"(,"imagePullSecrets":[{"name":"pull"}])");
  const RequestInfo request = RequestInfo::Of({.method = "GET", .path = kWeb + "secrets/pull"});
  EXPECT_FALSE(authorizer_.Authorize({.name = "system:node:n1"}, request).allowed);
  EXPECT_FALSE(authorizer_.Authorize({.name = "n1", .groups = {"system:nodes"}}, request).allowed);
}

}  // namespace
}  // namespace kvplane::auth
