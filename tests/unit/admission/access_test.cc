// NodeRestriction, the certificates' plugins and the escalation of roles.
#include "unit/admission/admission_fixture.h"

namespace kvplane::admission {
namespace {

class Nodes : public AdmissionTest {
 protected:
  void AsNode() { user_ = {.name = "system:node:n1", .groups = {"system:nodes"}}; }
};

TEST_F(Nodes, WriteThemselvesOnly) {
  AsNode();
  EXPECT_EQ(Refusal("v1 nodes", R"({"metadata":{"name":"n2"}})"),
            "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
  EXPECT_EQ(Refusal("v1 nodes", R"({"metadata":{"name":"n1","labels":{)"
                                R"("node-restriction.kubernetes.io/a":"b","kubernetes.io/other":)"
                                R"("x","kubernetes.io/os":"linux","own":"y"}}})"),
            "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: "
            "kubernetes.io/other, node-restriction.kubernetes.io/a");
  EXPECT_EQ(Refusal("v1 nodes", R"({"metadata":{"name":"n1"}})"), "");
  EXPECT_EQ(Message(Update("v1 nodes", "n1", "",
                           [](json::Object& node) { kinds::Child(node, "spec").erase("taints"); })),
            "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
}

TEST_F(Nodes, TellOfTheirOwnPodsOnly) {
  Must("v1 pods", Pod("mine", R"(,"nodeName":"n1")"));
  Must("v1 pods", Pod("other", R"(,"nodeName":"n2")"));
  AsNode();
  const auto run = [](json::Object& pod) { kinds::Child(pod, "status")["phase"] = "Running"; };
  EXPECT_EQ(Message(Update("v1 pods", "mine", "status", run)), "");
  EXPECT_EQ(Message(Update("v1 pods", "other", "status", run)),
            "pods \"other\" is forbidden: node \"n1\" can only update pod status for pods with "
            "spec.nodeName set to itself");
  EXPECT_EQ(Message(Update("v1 pods", "mine", "",
                           [](json::Object& pod) {
                             kinds::Child(kinds::Child(pod, "metadata"), "labels")["a"] = "b";
                           })),
            "pods \"mine\" is forbidden: unexpected operation \"UPDATE\", node \"n1\" can only "
            "create and delete mirror pods");
  EXPECT_EQ(Message(Delete("v1 pods", "other")),
            "pods \"other\" is forbidden: node \"n1\" can only delete pods with spec.nodeName set "
            "to itself");
  EXPECT_EQ(Message(Delete("v1 pods", "mine")), "");
}

TEST_F(Nodes, CreateMirrorPodsOnly) {
  const json::Object node = Must("v1 nodes", R"({"metadata":{"name":"n1"}})");
  const std::string uid(kinds::Text(node, {"metadata", "uid"}));
  AsNode();
  EXPECT_EQ(
      Refusal("v1 pods", Pod("p", R"(,"serviceAccountName":"default")")),
      "pods \"p\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, "
      "node \"n1\" can only create mirror pods");
  const auto mirror = [&](const std::string& spec, const std::string& owner_uid) {
    return Refusal("v1 pods", Pod("p", R"(,"nodeName":"n1")" + spec, "",
                                  R"(,"annotations":{"kubernetes.io/config.mirror":"x"},)"
                                  R"("ownerReferences":[{"apiVersion":"v1","kind":"Node","name":)"
                                  R"("n1","controller":true,"uid":")" +
                                      owner_uid + R"("}])"));
  };
  EXPECT_EQ(mirror("", "wrong"),
            "pods \"p\" is forbidden: node n1 UID mismatch: expected wrong got " + uid);
  EXPECT_EQ(mirror(R"(,"imagePullSecrets":[{"name":"s"}])", uid),
            "pods \"p\" is forbidden: node \"n1\" can not create pods that reference secrets");
  EXPECT_EQ(mirror("", uid), "");
}

TEST_F(Nodes, HoldTheirOwnLease) {
  AsNode();
  EXPECT_EQ(Refusal("coordination.k8s.io/v1 leases", R"({"metadata":{"name":"n1"}})"),
            "leases.coordination.k8s.io \"n1\" is forbidden: can only access leases in the "
            "\"kube-node-lease\" system namespace");
}

class Roles : public AdmissionTest {
 protected:
  const std::string role_ = R"({"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":)"
                            R"(["pods","secrets"],"verbs":["get","list"]}]})";
};

TEST_F(Roles, HoldNothingThatTheirWriterDoesNot) {
  authorizer_.rules = {{.verbs = {"*"}, .api_groups = {""}, .resources = {"pods"}}};
  EXPECT_EQ(Refusal("rbac.authorization.k8s.io/v1 roles", role_),
            "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"alice\" (groups=[\"staff\" "
            "\"system:authenticated\"]) is attempting to grant RBAC permissions not currently "
            "held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
  authorizer_.allowed = {"escalate roles r"};
  EXPECT_EQ(Refusal("rbac.authorization.k8s.io/v1 roles", role_), "");
}

TEST_F(Roles, AreBoundByThoseWhoHoldThemOrMayBind) {
  user_.groups = {"system:masters"};
  Must("rbac.authorization.k8s.io/v1 roles", role_);
  user_.groups = {};
  const std::string binding =
      R"({"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role",)"
      R"("name":"r"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":)"
      R"("bob"}]})";
  EXPECT_EQ(Refusal("rbac.authorization.k8s.io/v1 rolebindings", binding),
            "rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"alice\" (groups=[]) "
            "is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], "
            "Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n{APIGroups:[\"\"], "
            "Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
  authorizer_.allowed = {"bind roles r"};
  EXPECT_EQ(Refusal("rbac.authorization.k8s.io/v1 rolebindings", binding), "");
}

class Webhook : public AdmissionTest {
 protected:
  static std::string Configuration(const std::string& more) {
    return R"({"metadata":{"name":"w"},"webhooks":[{"name":"a.example.org","sideEffects":"None",)"
           R"("admissionReviewVersions":["v1"],"clientConfig":{"url":"https://127.0.0.1:1/"},)"
           R"("rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],)"
           R"("resources":["configmaps"]}])" +
           more + "}]}";
  }
  const std::string kind_ = "admissionregistration.k8s.io/v1 validatingwebhookconfigurations";
};

TEST_F(Webhook, ThatCannotBeAskedRefusesUnlessItMayBePassedOver) {
  Must(kind_, Configuration(""));
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"a"}})"),
            "Internal error occurred: failed calling webhook \"a.example.org\": failed to call "
            "webhook: Post \"https://127.0.0.1:1/?timeout=10s\": dial tcp 127.0.0.1:1: connect: "
            "connection refused");
  EXPECT_EQ(Refusal("v1 secrets", R"({"metadata":{"name":"a"}})"), "");
  EXPECT_TRUE(Delete(kind_, "w").ok());
  Must(kind_, Configuration(R"(,"failurePolicy":"Ignore")"));
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"a"}})"), "");
}

TEST_F(Webhook, IsRefusedWhereItMakesNoSense) {
  EXPECT_EQ(
      Refusal(kind_, Configuration(R"(,"timeoutSeconds":31)")),
      "ValidatingWebhookConfiguration.admissionregistration.k8s.io \"w\" is invalid: "
      "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and "
      "30 seconds");
  EXPECT_EQ(Refusal(kind_, Configuration(R"(,"matchConditions":[{"name":"x","expression":"a"}])")),
            "ValidatingWebhookConfiguration.admissionregistration.k8s.io \"w\" is invalid: "
            "webhooks[0].matchConditions[0].expression: Invalid value: \"a\": compilation failed: "
            "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a\n | ^");
}

TEST_F(Webhook, IsAskedOnlyOfWhatItsConditionsMatch) {
  Must(kind_, Configuration(R"-(,"matchConditions":[{"name":"loud","expression":)-"
                            R"-("object.metadata.name.startsWith('loud')"}])-"));
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"quiet"}})"), "");
  EXPECT_NE(Refusal("v1 configmaps", R"({"metadata":{"name":"loud"}})"), "");
}

class Policies : public AdmissionTest {
 protected:
  static std::string Policy(const std::string& more) {
    return R"({"metadata":{"name":"p"},"spec":{"failurePolicy":"Fail","matchConstraints":{)"
           R"("matchPolicy":"Equivalent","resourceRules":[{"operations":["*"],"apiGroups":[""],)"
           R"("apiVersions":["v1"],"resources":["configmaps"]}]},)" +
           more + "}}";
  }
  static std::string Binding(const std::string& more) {
    return R"({"metadata":{"name":"b"},"spec":{"policyName":"p")" + more + "}}";
  }
  const std::string group_ = "admissionregistration.k8s.io/v1 ";
};

TEST_F(Policies, JudgeWhatTheirBindingsSay) {
  Must(group_ + "validatingadmissionpolicies",
       Policy(R"("validations":[{"expression":"object.metadata.name != 'bad'","reason":)"
              R"("Forbidden","messageExpression":"'not ' + object.metadata.name"}])"));
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"bad"}})"), "");
  EXPECT_TRUE(Delete("v1 configmaps", "bad").ok());
  Must(group_ + "validatingadmissionpolicybindings", Binding(R"(,"validationActions":["Deny"])"));
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"bad"}})"),
            "configmaps \"bad\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' "
            "denied request: not bad");
  EXPECT_EQ(Refusal("v1 configmaps", R"({"metadata":{"name":"good"}})"), "");
  EXPECT_EQ(Refusal("v1 secrets", R"({"metadata":{"name":"bad"}})"), "");
}

TEST_F(Policies, ThatChangeObjectsMustSayHow) {
  EXPECT_EQ(Refusal(group_ + "mutatingadmissionpolicies",
                    Policy(R"("reinvocationPolicy":"Never","mutations":[])")),
            "MutatingAdmissionPolicy.admissionregistration.k8s.io \"p\" is invalid: "
            "spec.mutations: Required value: mutations must contain at least one item");
}

class Certificates : public AdmissionTest {};

TEST_F(Certificates, AreApprovedByThoseWhoMay) {
  Must("certificates.k8s.io/v1 certificatesigningrequests",
       R"({"metadata":{"name":"c"},"spec":{"request":"eA==","signerName":"example.org/mine",)"
       R"("usages":["client auth"]}})");
  const auto approve = [](json::Object& object) {
    kinds::Child(object, "status")["conditions"] =
        json::Array{json::Object{{"type", "Approved"}, {"status", "True"}}};
  };
  const std::string kind = "certificates.k8s.io/v1 certificatesigningrequests";
  EXPECT_EQ(Message(Update(kind, "c", "approval", approve)),
            "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not permitted "
            "to approve requests with signerName \"example.org/mine\"");
  authorizer_.allowed = {"approve signers example.org/*"};
  EXPECT_EQ(Message(Update(kind, "c", "approval", approve)), "");
}

}  // namespace
}  // namespace kvplane::admission
