#include "auth/audit_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace kvplane::auth {
namespace {

using apiserver::RequestInfo;

constexpr char kPolicy[] = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
- level: None
  userGroups: ["system:authenticated"]
  nonResourceURLs: ["/healthz*", "/version"]
- level: Metadata
  resources:
  - {group: "", resources: [secrets, "pods/log"]}
- level: Request
  namespaces: [kube-system]
  resources: [{group: "", resources: [configmaps], resourceNames: [controller-leader]}]
  omitManagedFields: false
- level: RequestResponse
  resources: [{group: apps}, {group: "", resources: ["*/status", "pods/*"]}]
  omitStages: [ResponseStarted]
)";

class AuditPolicyTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto policy = AuditPolicy::Read(kPolicy);
    ASSERT_TRUE(policy.ok()) << policy.status();
    policy_ = *policy;
  }

  AuditDecision Decide(const std::string& method, const std::string& path,
                       const registry::User& user = {.name = "ann"}) {
    apiserver::Request request{.method = method, .path = path.substr(0, path.find('?'))};
    if (path.find("?watch") != std::string::npos) request.query = {{"watch", "true"}};
    return policy_.Decide(user, RequestInfo::Of(request));
  }
  std::string Level(const std::string& method, const std::string& path,
                    const registry::User& user = {.name = "ann"}) {
    return std::string(NameOf(Decide(method, path, user).level));
  }

  AuditPolicy policy_;
};

TEST_F(AuditPolicyTest, TheFirstRuleThatMatchesDecides) {
  EXPECT_EQ(Level("GET", "/api/v1/namespaces/web/secrets/a"), "Metadata");
  EXPECT_EQ(Level("GET", "/api/v1/namespaces/web/pods/a/log"), "Metadata");
  EXPECT_EQ(Level("PUT", "/api/v1/namespaces/web/pods/a/status"), "RequestResponse");
  EXPECT_EQ(Level("GET", "/api/v1/namespaces/web/pods/a"), "RequestResponse")
      << "pods/* is of pods themselves, too";
  EXPECT_EQ(Level("POST", "/apis/apps/v1/namespaces/web/deployments"), "RequestResponse");
  EXPECT_EQ(Level("GET", "/api/v1/nodes"), "None");
}

TEST_F(AuditPolicyTest, RulesAreOfNamespacesAndNames) {
  EXPECT_EQ(Level("PUT", "/api/v1/namespaces/kube-system/configmaps/controller-leader"), "Request");
  EXPECT_EQ(Level("PUT", "/api/v1/namespaces/kube-system/configmaps/other"), "None");
  EXPECT_EQ(Level("PUT", "/api/v1/namespaces/web/configmaps/controller-leader"), "None");
}

TEST_F(AuditPolicyTest, RulesAreOfUsersGroupsAndPaths) {
  const registry::User proxy{.name = "system:kube-proxy", .groups = {"system:authenticated"}};
  EXPECT_EQ(Level("GET", "/apis/apps/v1/deployments?watch", proxy), "None");
  EXPECT_EQ(Level("GET", "/apis/apps/v1/deployments", proxy), "RequestResponse");
  EXPECT_EQ(Level("GET", "/healthz/ping", proxy), "None");
  // A catch-all, to tell a rule that says None from no rule.
  const auto policy = AuditPolicy::Read(std::string(kPolicy) + "- level: Metadata\n");
  ASSERT_TRUE(policy.ok()) << policy.status();
  policy_ = *policy;
  EXPECT_EQ(Level("GET", "/version", proxy), "None");
  EXPECT_EQ(Level("GET", "/versions", proxy), "Metadata");
  EXPECT_EQ(Level("GET", "/healthz", {}), "Metadata") << "nobody is in no group";
}

TEST_F(AuditPolicyTest, StagesAndManagedFieldsAreThePolicysAndTheRules) {
  const AuditDecision apps = Decide("POST", "/apis/apps/v1/namespaces/web/deployments");
  EXPECT_FALSE(apps.Tells(kRequestReceived));
  EXPECT_FALSE(apps.Tells(kResponseStarted));
  EXPECT_TRUE(apps.Tells(kResponseComplete));
  EXPECT_TRUE(apps.omits_managed_fields);
  const AuditDecision leader =
      Decide("PUT", "/api/v1/namespaces/kube-system/configmaps/controller-leader");
  EXPECT_TRUE(leader.Tells(kResponseStarted));
  EXPECT_FALSE(leader.omits_managed_fields);
  EXPECT_FALSE(Decide("GET", "/api/v1/nodes").Tells(kResponseComplete));
}

TEST_F(AuditPolicyTest, WithoutAFileEveryRequestIsToldOnceItIsAnswered) {
  policy_ = AuditPolicy();
  const AuditDecision decision = Decide("GET", "/api/v1/nodes");
  EXPECT_EQ(decision.level, AuditLevel::kMetadata);
  EXPECT_FALSE(decision.Tells(kRequestReceived));
  EXPECT_FALSE(decision.Tells(kResponseStarted));
  EXPECT_TRUE(decision.Tells(kResponseComplete));
}

TEST(AuditPolicyFile, ThatIsWrongIsRefusedWithTheFieldAndTheFix) {
  const auto error = [](const std::string& rest) {
    const auto policy = AuditPolicy::Read("apiVersion: audit.k8s.io/v1\nkind: Policy\n" + rest);
    return policy.ok() ? "(taken)" : std::string(policy.status().message());
  };
  EXPECT_EQ(error("rules: []"),
            "rules: there is none, so nothing would be told: give at least one");
  EXPECT_EQ(error("rules: [{level: All}]"),
            "rules[0].level: \"All\" is no level; it may be one of None, Metadata, Request, "
            "RequestResponse");
  EXPECT_EQ(error("rules: [{level: None}, {users: [a]}]"),
            "rules[1].level: is missing; it may be one of None, Metadata, Request, "
            "RequestResponse");
  EXPECT_EQ(error("rules: [{level: None, user: [a]}]").substr(0, 44),
            "rules[0].user: there is no such field; it ma");
  EXPECT_EQ(error("rules: [{level: None, users: [1]}]"),
            "rules[0].users[0]: must be a text; put it in quotes");
  EXPECT_EQ(error("rules: [{level: None, omitStages: [Begin]}]"),
            "rules[0].omitStages[0]: \"Begin\" is no stage; it may be one of RequestReceived, "
            "ResponseStarted, ResponseComplete, Panic");
  EXPECT_EQ(error("rules: [{level: None, resources: [{group: apps/v1}]}]"),
            "rules[0].resources[0].group: \"apps/v1\" has a version; give the group alone");
  EXPECT_EQ(error("rules: [{level: None, nonResourceURLs: [healthz]}]"),
            "rules[0].nonResourceURLs[0]: \"healthz\" must begin with /, or be * alone");
  EXPECT_EQ(error("rules: [{level: None, nonResourceURLs: [/a], namespaces: [b]}]"),
            "rules[0].nonResourceURLs: a rule is of paths or of resources and namespaces: make two "
            "of it");
  EXPECT_EQ(
      AuditPolicy::Read("kind: Policy\napiVersion: audit.k8s.io/v1beta1\n").status().message(),
      "apiVersion: must be audit.k8s.io/v1");
}

}  // namespace
}  // namespace kvplane::auth
