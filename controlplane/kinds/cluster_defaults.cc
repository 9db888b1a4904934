// Defaults of everything that neither is nor makes pods.
#include <string>
#include <string_view>

#include "api/base64.h"
#include "kinds/defaults_table.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

constexpr DefaultField kFields[] = {
    {"core.v1.ServiceSpec", "sessionAffinity", R"("None")"},
    {"core.v1.EndpointPort", "protocol", R"("TCP")"},
    {"discovery.v1.EndpointPort", "protocol", R"("TCP")"},
    {"discovery.v1.EndpointPort", "name", R"("")"},
    {"core.v1.Secret", "type", R"("Opaque")"},
    {"core.v1.PersistentVolumeSpec", "persistentVolumeReclaimPolicy", R"("Retain")"},
    {"core.v1.PersistentVolumeSpec", "volumeMode", R"("Filesystem")"},
    {"networking.v1.NetworkPolicyPort", "protocol", R"("TCP")"},
    {"autoscaling.v2.HorizontalPodAutoscalerSpec", "minReplicas", "1"},
    {"storage.v1.StorageClass", "reclaimPolicy", R"("Delete")"},
    {"storage.v1.StorageClass", "volumeBindingMode", R"("Immediate")"},
    {"storage.v1.CSIDriverSpec", "attachRequired", "true"},
    {"storage.v1.CSIDriverSpec", "podInfoOnMount", "false"},
    {"storage.v1.CSIDriverSpec", "storageCapacity", "false"},
    {"storage.v1.CSIDriverSpec", "requiresRepublish", "false"},
    {"storage.v1.CSIDriverSpec", "seLinuxMount", "false"},
    {"storage.v1.CSIDriverSpec", "fsGroupPolicy", R"("ReadWriteOnceWithFSType")"},
    {"storage.v1.CSIDriverSpec", "volumeLifecycleModes", R"(["Persistent"])"},
    {"scheduling.v1.PriorityClass", "preemptionPolicy", R"("PreemptLowerPriority")"},
    {"admissionregistration.v1.ValidatingWebhook", "failurePolicy", R"("Fail")"},
    {"admissionregistration.v1.ValidatingWebhook", "matchPolicy", R"("Equivalent")"},
    {"admissionregistration.v1.ValidatingWebhook", "namespaceSelector", "{}"},
    {"admissionregistration.v1.ValidatingWebhook", "objectSelector", "{}"},
    {"admissionregistration.v1.ValidatingWebhook", "timeoutSeconds", "10"},
    {"admissionregistration.v1.MutatingWebhook", "failurePolicy", R"("Fail")"},
    {"admissionregistration.v1.MutatingWebhook", "matchPolicy", R"("Equivalent")"},
    {"admissionregistration.v1.MutatingWebhook", "namespaceSelector", "{}"},
    {"admissionregistration.v1.MutatingWebhook", "objectSelector", "{}"},
    {"admissionregistration.v1.MutatingWebhook", "timeoutSeconds", "10"},
    {"admissionregistration.v1.MutatingWebhook", "reinvocationPolicy", R"("Never")"},
    {"admissionregistration.v1.ServiceReference", "port", "443"},
    {"admissionregistration.v1.ValidatingAdmissionPolicySpec", "failurePolicy", R"("Fail")"},
    {"admissionregistration.v1.MutatingAdmissionPolicySpec", "failurePolicy", R"("Fail")"},
    {"admissionregistration.v1.MatchResources", "matchPolicy", R"("Equivalent")"},
    {"admissionregistration.v1.MatchResources", "namespaceSelector", "{}"},
    {"admissionregistration.v1.MatchResources", "objectSelector", "{}"},
    {"admissionregistration.v1.Rule", "scope", R"("*")"},
    {"flowcontrol.v1.FlowSchemaSpec", "matchingPrecedence", "1000"},
    {"flowcontrol.v1.LimitedPriorityLevelConfiguration", "nominalConcurrencyShares", "30"},
    {"flowcontrol.v1.LimitedPriorityLevelConfiguration", "lendablePercent", "0"},
    {"flowcontrol.v1.ExemptPriorityLevelConfiguration", "nominalConcurrencyShares", "0"},
    {"flowcontrol.v1.ExemptPriorityLevelConfiguration", "lendablePercent", "0"},
    {"flowcontrol.v1.QueuingConfiguration", "queues", "64"},
    {"flowcontrol.v1.QueuingConfiguration", "handSize", "8"},
    {"flowcontrol.v1.QueuingConfiguration", "queueLengthLimit", "50"},
};

bool IsExternal(std::string_view type) { return type == "NodePort" || type == "LoadBalancer"; }

void Service(json::Object& spec) {
  SetDefault(spec, "type", "ClusterIP");
  const std::string type(Text(spec, {"type"}));
  if (Text(spec, {"sessionAffinity"}) == "ClientIP") {
    SetDefault(Child(Child(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", 10800);
  }
  if (type != "ExternalName") {
    SetDefault(spec, "internalTrafficPolicy", "Cluster");
    SetDefault(spec, "ipFamilyPolicy", "SingleStack");
    SetDefault(spec, "ipFamilies", json::Array{"IPv4"});
  }
  if (IsExternal(type)) SetDefault(spec, "externalTrafficPolicy", "Cluster");
  if (type == "LoadBalancer") SetDefault(spec, "allocateLoadBalancerNodePorts", true);
  ForEach(spec, {"ports"}, [&](json::Object& port) {
    SetDefault(port, "protocol", "TCP");
    const json::Value* target = Find(port, {"targetPort"});
    const bool unset = target == nullptr || target->is_null() ||
                       (target->is_int64() && target->get_int64() == 0) ||
                       (target->is_string() && target->get_string().empty());
    if (unset) Set(port, "targetPort", Integer(port, {"port"}));
  });
}

// What is written as text is kept as the rest is.
void Secret(json::Object& secret) {
  const json::Object* texts = FindObject(secret, {"stringData"});
  if (texts == nullptr) return;
  const json::Object copy = *texts;
  json::Object& data = Child(secret, "data");
  for (const auto& text : copy) {
    Set(data, json::View(text.key()), json::Value(api::EncodeBase64(Plain(text.value())).c_str()));
  }
  Remove(secret, "stringData");
}

void Namespace(json::Object& name_space) {
  const std::string name(Text(name_space, {"metadata", "name"}));
  Set(Child(Child(name_space, "metadata"), "labels"), "kubernetes.io/metadata.name",
      json::Value(name.c_str()));
}

void NetworkPolicy(json::Object& spec) {
  if (FindArray(spec, {"policyTypes"}) != nullptr) return;
  json::Array types{"Ingress"};
  const json::Array* egress = FindArray(spec, {"egress"});
  if (egress != nullptr && !egress->empty()) types.emplace_back("Egress");
  Set(spec, "policyTypes", std::move(types));
}

void Autoscaler(json::Object& spec) {
  if (FindArray(spec, {"metrics"}) != nullptr) return;
  Set(spec, "metrics",
      json::Array{json::Object{
          {"type", "Resource"},
          {"resource",
           {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 80}}}}}}});
}

// A subject's group follows from its kind, and a role's from there being only one.
void Binding(json::Object& binding) {
  SetDefault(Child(binding, "roleRef"), "apiGroup", "rbac.authorization.k8s.io");
  ForEach(binding, {"subjects"}, [](json::Object& subject) {
    const std::string_view kind = Text(subject, {"kind"});
    if (kind == "User" || kind == "Group") {
      SetDefault(subject, "apiGroup", "rbac.authorization.k8s.io");
    }
  });
}

// Limits of containers: what is not said follows from what is.
void LimitRangeItem(json::Object& item) {
  if (Text(item, {"type"}) != "Container") return;
  const auto fill = [&](std::string_view to, std::string_view from) {
    const json::Object* source = FindObject(item, {from});
    if (source == nullptr) return;
    const json::Object copy = *source;
    json::Object& target = Child(item, to);
    for (const auto& entry : copy) SetDefault(target, json::View(entry.key()), entry.value());
  };
  fill("default", "max");
  fill("defaultRequest", "default");
  fill("defaultRequest", "min");
}

// The one range of old and the list that took its place tell the same.
void Node(json::Object& spec) {
  const std::string range(Text(spec, {"podCIDR"}));
  if (!range.empty() && !Has(spec, {"podCIDRs"})) {
    Set(spec, "podCIDRs", json::Array{json::Value(range.c_str())});
  }
}

constexpr DefaultFunctionOf kFunctions[] = {
    {"core.v1.NodeSpec", Node},
    {"core.v1.ServiceSpec", Service},
    {"core.v1.Secret", Secret},
    {"core.v1.Namespace", Namespace},
    {"core.v1.LimitRangeItem", LimitRangeItem},
    {"networking.v1.NetworkPolicySpec", NetworkPolicy},
    {"autoscaling.v2.HorizontalPodAutoscalerSpec", Autoscaler},
    {"rbac.v1.RoleBinding", Binding},
    {"rbac.v1.ClusterRoleBinding", Binding},
};

}  // namespace

std::span<const DefaultField> ClusterDefaultFields() { return kFields; }
std::span<const DefaultFunctionOf> ClusterDefaultFunctions() { return kFunctions; }

}  // namespace kvplane::kinds
