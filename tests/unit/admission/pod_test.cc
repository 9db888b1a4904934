// What is filled into pods, and into nodes, claims and volumes.
#include "unit/admission/admission_fixture.h"

namespace kvplane::admission {
namespace {

using kinds::Find;
using kinds::Text;

class PodAdmission : public AdmissionTest {};

TEST_F(PodAdmission, MountsTheTokenOfTheDefaultAccount) {
  const json::Object pod = Must("v1 pods", Pod("p"));
  EXPECT_EQ(Text(pod, {"spec", "serviceAccountName"}), "default");
  EXPECT_EQ(Text(pod, {"spec", "serviceAccount"}), "default");
  const json::Object& volume = kinds::FindArray(pod, {"spec", "volumes"})->at(0).as_object();
  const std::string_view name = Text(volume, {"name"});
  EXPECT_TRUE(name.starts_with("kube-api-access-")) << name;
  EXPECT_EQ(name.size(), 21u);
  EXPECT_EQ(
      api::ToJson(*Find(volume, {"projected"})),
      R"({"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},)"
      R"({"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},)"
      R"({"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1",)"
      R"("fieldPath":"metadata.namespace"}}]}}],"defaultMode":420})");
  const json::Object& container = kinds::FindArray(pod, {"spec", "containers"})->at(0).as_object();
  EXPECT_EQ(
      api::ToJson(*Find(container, {"volumeMounts"})),
      R"([{"name":")" + std::string(name) +
          R"(","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}])");
}

TEST_F(PodAdmission, MountsNoTokenWhereOneIsMountedOrNotWanted) {
  const json::Object none = Must("v1 pods", Pod("p", R"(,"automountServiceAccountToken":false)"));
  EXPECT_FALSE(kinds::Has(none, {"spec", "volumes"}));
  const json::Object own =
      Must("v1 pods", Pod("q", R"(,"volumes":[{"name":"v","emptyDir":{}}])",
                          R"(,"volumeMounts":[{"name":"v","mountPath":)"
                          R"("/var/run/secrets/kubernetes.io/serviceaccount"}])"));
  EXPECT_EQ(kinds::FindArray(own, {"spec", "volumes"})->size(), 1u);
}

TEST_F(PodAdmission, NamesTheAccountThatIsMissing) {
  EXPECT_EQ(Refusal("v1 pods", Pod("p", R"(,"serviceAccountName":"shop")")),
            "pods \"p\" is forbidden: error looking up service account default/shop: "
            "serviceaccount \"shop\" not found");
}

TEST_F(PodAdmission, TakesTheAccountsPullSecrets) {
  Must("v1 serviceaccounts",
       R"({"metadata":{"name":"shop"},"imagePullSecrets":[{"name":"registry"}]})");
  const json::Object pod = Must("v1 pods", Pod("p", R"(,"serviceAccountName":"shop")"));
  EXPECT_EQ(api::ToJson(*Find(pod, {"spec", "imagePullSecrets"})), R"([{"name":"registry"}])");
}

TEST_F(PodAdmission, KeepsToTheSecretsOfAnAccountThatSaysSo) {
  Must("v1 serviceaccounts",
       R"({"metadata":{"name":"shop","annotations":{"kubernetes.io/enforce-mountable-secrets":)"
       R"("true"}},"secrets":[{"name":"a"}]})");
  const auto with = [](const std::string& secret) {
    return Pod("p",
               R"(,"serviceAccountName":"shop","volumes":[{"name":"v","secret":{"secretName":")" +
                   secret + R"("}}])");
  };
  EXPECT_EQ(Refusal("v1 pods", with("b")),
            "pods \"p\" is forbidden: volume with secret.secretName=\"b\" is not allowed because "
            "service account shop does not reference that secret");
  EXPECT_EQ(Refusal("v1 pods", with("a")), "");
}

TEST_F(PodAdmission, TellsOfTheNamespaceBeforeAllElse) {
  const auto created = registry_->Create(
      Kind("v1 pods"), "nowhere",
      {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", json::Object{{"name", "p"}}}}, {});
  EXPECT_EQ(Message(created.status()), "namespaces \"nowhere\" not found");
}

TEST_F(PodAdmission, ToleratesLostNodesForFiveMinutes) {
  const json::Object pod =
      Must("v1 pods", Pod("p", R"(,"tolerations":[{"key":)"
                               R"("node.kubernetes.io/not-ready",)"
                               R"("operator":"Exists","effect":"NoExecute"}])"));
  EXPECT_EQ(api::ToJson(*Find(pod, {"spec", "tolerations"})),
            R"([{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},)"
            R"({"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute",)"
            R"("tolerationSeconds":300}])");
}

TEST_F(PodAdmission, HasThePriorityOfItsClass) {
  EXPECT_EQ(kinds::Integer(Must("v1 pods", Pod("none")), {"spec", "priority"}, -1), 0);
  const std::string classes = "scheduling.k8s.io/v1 priorityclasses";
  Must(classes, R"({"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"})");
  Must(classes, R"({"metadata":{"name":"usual"},"value":5,"globalDefault":true})");
  const json::Object high = Must("v1 pods", Pod("high", R"(,"priorityClassName":"high")"));
  EXPECT_EQ(kinds::Integer(high, {"spec", "priority"}), 1000);
  EXPECT_EQ(Text(high, {"spec", "preemptionPolicy"}), "Never");
  const json::Object usual = Must("v1 pods", Pod("usual"));
  EXPECT_EQ(kinds::Integer(usual, {"spec", "priority"}), 5);
  EXPECT_EQ(Text(usual, {"spec", "priorityClassName"}), "usual");
  EXPECT_EQ(Refusal("v1 pods", Pod("p", R"(,"priorityClassName":"low")")),
            "pods \"p\" is forbidden: no PriorityClass with name low was found");
  EXPECT_EQ(
      Refusal("v1 pods", Pod("p", R"(,"priority":7)")),
      "pods \"p\" is forbidden: the integer value of priority (7) must not be provided in pod "
      "spec; priority admission controller computed 5 from the given PriorityClass name");
  EXPECT_EQ(Refusal(classes, R"({"metadata":{"name":"other"},"value":5,"globalDefault":true})"),
            "priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass usual is "
            "already marked as default. Only one default can exist");
}

TEST_F(PodAdmission, IsChargedWhatItsRuntimeTakes) {
  Must("node.k8s.io/v1 runtimeclasses",
       R"({"metadata":{"name":"vm"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m"}},)"
       R"("scheduling":{"nodeSelector":{"vm":"yes"}}})");
  const json::Object pod = Must("v1 pods", Pod("p", R"(,"runtimeClassName":"vm")"));
  EXPECT_EQ(Text(pod, {"spec", "overhead", "cpu"}), "250m");
  EXPECT_EQ(Text(pod, {"spec", "nodeSelector", "vm"}), "yes");
  EXPECT_EQ(Refusal("v1 pods", Pod("q", R"(,"runtimeClassName":"none")")),
            "pods \"q\" is forbidden: pod rejected: RuntimeClass \"none\" not found");
  EXPECT_EQ(Refusal("v1 pods", Pod("q", R"(,"overhead":{"cpu":"1"})")),
            "pods \"q\" is forbidden: pod rejected: Pod Overhead set without corresponding "
            "RuntimeClass defined Overhead");
}

TEST_F(PodAdmission, KeepsNewNodesEmptyUntilTheyAreReady) {
  const json::Object node = Must("v1 nodes", R"({"metadata":{"name":"n"}})");
  EXPECT_EQ(api::ToJson(*Find(node, {"spec", "taints"})),
            R"([{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}])");
}

TEST_F(PodAdmission, GivesClaimsTheDefaultClassAndAFinalizer) {
  const std::string claim =
      R"({"metadata":{"name":"NAME"},"spec":{"accessModes":["ReadWriteOnce"],"resources":)"
      R"({"requests":{"storage":"1Gi"}}}})";
  const auto named = [&](const std::string& name) {
    return std::string(claim).replace(claim.find("NAME"), 4, name);
  };
  EXPECT_FALSE(
      kinds::Has(Must("v1 persistentvolumeclaims", named("a")), {"spec", "storageClassName"}));
  Must("storage.k8s.io/v1 storageclasses",
       R"({"metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":)"
       R"("true"}},"provisioner":"x"})");
  const json::Object held = Must("v1 persistentvolumeclaims", named("b"));
  EXPECT_EQ(Text(held, {"spec", "storageClassName"}), "fast");
  EXPECT_EQ(api::ToJson(*Find(held, {"metadata", "finalizers"})),
            R"(["kubernetes.io/pvc-protection"])");
  const auto grow = [](json::Object& object) {
    kinds::Child(kinds::Child(kinds::Child(object, "spec"), "resources"), "requests")["storage"] =
        "2Gi";
  };
  EXPECT_EQ(Message(Update("v1 persistentvolumeclaims", "b", "", grow)),
            "persistentvolumeclaims \"b\" is forbidden: Only bound persistent volume claims can be "
            "expanded");
}

TEST_F(PodAdmission, KeepsTheNamespacesOfEveryCluster) {
  EXPECT_EQ(Message(Delete("v1 namespaces", "default")),
            "namespaces \"default\" is forbidden: this namespace may not be deleted");
  EXPECT_EQ(Message(Delete("v1 namespaces", "kube-system")),
            "namespaces \"kube-system\" is forbidden: this namespace may not be deleted");
}

TEST_F(PodAdmission, LetsTheServerItselfThroughToo) {
  const auto created = registry_->Create(Kind("v1 pods"), "default",
                                         api::Canonicalize(*Kind("v1 pods").message,
                                                           [] {
                                                             json::Value pod =
                                                                 *api::ParseJson(Pod("own"));
                                                             pod.get_object()["apiVersion"] = "v1";
                                                             pod.get_object()["kind"] = "Pod";
                                                             return pod;
                                                           }())
                                             ->get_object(),
                                         {});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(Text(*created, {"spec", "serviceAccountName"}), "default");
}

}  // namespace
}  // namespace kvplane::admission
