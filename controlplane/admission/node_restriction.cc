// NodeRestriction: a node writes itself, its lease, its CSINode, the status of its pods and of
// claims, its mirror pods, and asks for tokens of its pods' accounts; nothing of other nodes.
#include <algorithm>
#include <set>
#include <string>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "kinds/pod_references.h"

namespace kvplane::admission {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kUserPrefix = "system:node:";
constexpr std::string_view kGroup = "system:nodes";
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kLeases = "kube-node-lease";

bool IsNode(const registry::User& user) {
  return user.name.starts_with(kUserPrefix) &&
         std::find(user.groups.begin(), user.groups.end(), kGroup) != user.groups.end();
}

std::string Quoted(std::string_view text) { return Concat("\"", text, "\""); }

// Of Kubernetes' own labels, those that a node tells of itself.
bool IsNodesLabel(std::string_view key, std::string_view domain) {
  static const std::set<std::string_view> kLabels{"kubernetes.io/hostname",
                                                  "kubernetes.io/arch",
                                                  "kubernetes.io/os",
                                                  "beta.kubernetes.io/instance-type",
                                                  "beta.kubernetes.io/os",
                                                  "beta.kubernetes.io/arch",
                                                  "failure-domain.beta.kubernetes.io/region",
                                                  "failure-domain.beta.kubernetes.io/zone",
                                                  "failure-domain.kubernetes.io/zone",
                                                  "failure-domain.kubernetes.io/region",
                                                  "node.kubernetes.io/instance-type",
                                                  "topology.kubernetes.io/region",
                                                  "topology.kubernetes.io/zone",
                                                  "node.kubernetes.io/windows-build"};
  if (kLabels.contains(key)) return true;
  for (const std::string_view own : {"kubelet.kubernetes.io", "node.kubernetes.io"}) {
    if (domain == own || domain.ends_with(Concat(".", own))) return true;
  }
  return false;
}

bool IsForbiddenLabel(std::string_view key) {
  const size_t slash = key.find('/');
  const std::string_view domain = slash == std::string_view::npos ? "" : key.substr(0, slash);
  const auto is_in = [&](std::string_view of) {
    return domain == of || domain.ends_with(Concat(".", of));
  };
  if (is_in("node-restriction.kubernetes.io")) return true;
  return (is_in("kubernetes.io") || is_in("k8s.io")) && !IsNodesLabel(key, domain);
}

// Keys whose values differ and that a node may not change, joined; empty where there are none.
std::string ForbiddenLabels(const json::Object& node, const json::Object* old) {
  static const json::Object kNone;
  const json::Object* after = kinds::FindObject(node, {"metadata", "labels"});
  const json::Object* before =
      old == nullptr ? nullptr : kinds::FindObject(*old, {"metadata", "labels"});
  if (after == nullptr) after = &kNone;
  if (before == nullptr) before = &kNone;
  std::set<std::string> changed;
  const auto compare = [&](const json::Object& a, const json::Object& b) {
    for (const auto& [key, value] : a) {
      const json::Value* other = b.if_contains(key);
      if (other == nullptr || *other != value) changed.emplace(json::View(key));
    }
  };
  compare(*after, *before);
  compare(*before, *after);
  std::string out;
  for (const std::string& key : changed) {
    if (IsForbiddenLabel(key)) out.append(out.empty() ? "" : ", ").append(key);
  }
  return out;
}

bool Same(const json::Value* a, const json::Value* b) {
  static const json::Value kNothing = json::Array();
  return api::JsonEqual(a == nullptr ? kNothing : *a, b == nullptr ? kNothing : *b);
}

// What the pod names that a node may not choose; empty where it names nothing such.
std::string_view ReferenceOf(const json::Object& pod) {
  std::string_view found;
  kinds::VisitReferences(pod, [&](kinds::Referenced what, std::string_view /*name*/) {
    if (!found.empty()) return;
    switch (what) {
      case kinds::Referenced::kSecret:
        found = "secrets";
        break;
      case kinds::Referenced::kConfigMap:
        found = "configmaps";
        break;
      case kinds::Referenced::kClaim:
        found = "persistentvolumeclaims";
        break;
      case kinds::Referenced::kTrustBundle:
        found = "clustertrustbundles";
        break;
      case kinds::Referenced::kResourceClaim:
        found = "resourceclaims";
        break;
      case kinds::Referenced::kServiceAccount:
        found = "a service account";
        break;
    }
  });
  return found;
}

class NodeRestriction : public Plugin {
 public:
  explicit NodeRestriction(registry::Registry& registry) : registry_(registry) {}

  bool Handles(const Attributes& attributes) const override {
    return attributes.operation != registry::Operation::kConnect && IsNode(attributes.user());
  }

  absl::Status Mutate(Attributes& attributes) override {
    const std::string node = attributes.user().name.substr(kUserPrefix.size());
    if (node.empty()) {
      return registry::Refuse(attributes, Concat("could not determine node from user ",
                                                 Quoted(attributes.user().name)));
    }
    if (attributes.Is("", "pods")) return CheckPod(attributes, node);
    if (attributes.Is("", "nodes")) return CheckNode(attributes, node);
    if (attributes.Is("", "persistentvolumeclaims")) return CheckClaim(attributes, node);
    if (attributes.Is("", "serviceaccounts")) return CheckToken(attributes, node);
    if (attributes.Is("coordination.k8s.io", "leases")) return CheckLease(attributes, node);
    if (attributes.Is("storage.k8s.io", "csinodes")) return CheckCsiNode(attributes, node);
    if (attributes.Is("resource.k8s.io", "resourceslices")) return CheckSlice(attributes, node);
    return absl::OkStatus();
  }

 private:
  static std::string_view NameIn(const Attributes& attributes) {
    return attributes.IsCreate() && attributes.object() != nullptr
               ? Text(*attributes.object(), {"metadata", "name"})
               : attributes.name;
  }

  absl::Status CheckPod(const Attributes& attributes, const std::string& node) {
    if (attributes.subresource == "status") return CheckPodStatus(attributes, node);
    if (attributes.subresource == "eviction") {
      ASSIGN_OR_RETURN(const json::Object pod, Find(registry_, BuiltIn("v1", "pods"),
                                                    attributes.name_space, attributes.name));
      if (Text(pod, {"spec", "nodeName"}) == node) return absl::OkStatus();
      return registry::Refuse(
          attributes,
          Concat("node ", node, " can only evict pods with spec.nodeName set to itself"));
    }
    if (!attributes.subresource.empty()) {
      return registry::Refuse(attributes,
                              Concat("unexpected pod subresource ", Quoted(attributes.subresource),
                                     ", only 'status' and 'eviction' are allowed"));
    }
    if (attributes.IsCreate()) return CheckMirrorPod(attributes, node);
    if (attributes.operation == registry::Operation::kDelete) {
      if (Text(*attributes.old, {"spec", "nodeName"}) == node) return absl::OkStatus();
      return registry::Refuse(
          attributes,
          Concat("node ", Quoted(node), " can only delete pods with spec.nodeName set to itself"));
    }
    return registry::Refuse(
        attributes, Concat("unexpected operation ", Quoted(NameOf(attributes.operation)), ", node ",
                           Quoted(node), " can only create and delete mirror pods"));
  }

  static absl::Status CheckPodStatus(const Attributes& attributes, const std::string& node) {
    const json::Object& old = *attributes.old;
    const json::Object& pod = *attributes.object();
    if (Text(old, {"spec", "nodeName"}) != node) {
      return registry::Refuse(
          attributes, Concat("node ", Quoted(node),
                             " can only update pod status for pods with spec.nodeName set to "
                             "itself"));
    }
    if (!Same(kinds::Find(old, {"metadata", "labels"}), kinds::Find(pod, {"metadata", "labels"}))) {
      return registry::Refuse(
          attributes, Concat("node ", Quoted(node), " cannot update labels through pod status"));
    }
    if (!Same(kinds::Find(old, {"status", "resourceClaimStatuses"}),
              kinds::Find(pod, {"status", "resourceClaimStatuses"}))) {
      return registry::Refuse(
          attributes, Concat("node ", Quoted(node), " cannot update resource claim statuses"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckMirrorPod(const Attributes& attributes, const std::string& node) {
    const json::Object& pod = *attributes.object();
    const std::string self = Concat("node ", Quoted(node));
    const auto refuse = [&](std::string_view why) {
      return registry::Refuse(attributes, Concat(self, why));
    };
    if (!kinds::Has(pod, {"metadata", "annotations", kMirror})) {
      return registry::Refuse(attributes,
                              Concat("pod does not have ", Quoted(kMirror), " annotation, ", self,
                                     " can only create mirror pods"));
    }
    if (Text(pod, {"spec", "nodeName"}) != node) {
      return refuse(" can only create pods with spec.nodeName set to itself");
    }
    const json::Array* owners = kinds::FindArray(pod, {"metadata", "ownerReferences"});
    if (owners != nullptr && owners->size() > 1) {
      return refuse(" can only create pods with a single owner reference set to itself");
    }
    const json::Object* owner =
        owners == nullptr || owners->empty() ? nullptr : owners->front().if_object();
    if (owner == nullptr || Text(*owner, {"apiVersion"}) != "v1" ||
        Text(*owner, {"kind"}) != "Node" || Text(*owner, {"name"}) != node) {
      return refuse(" can only create pods with an owner reference set to itself");
    }
    if (!kinds::True(*owner, {"controller"})) {
      return refuse(" can only create pods with a controller owner reference set to itself");
    }
    if (kinds::True(*owner, {"blockOwnerDeletion"})) {
      return refuse(" must not set blockOwnerDeletion on an owner reference");
    }
    ASSIGN_OR_RETURN(const json::Object held, Find(registry_, BuiltIn("v1", "nodes"), "", node));
    const std::string_view uid = Text(held, {"metadata", "uid"});
    if (Text(*owner, {"uid"}) != uid) {
      return registry::Refuse(attributes, Concat("node ", node, " UID mismatch: expected ",
                                                 Text(*owner, {"uid"}), " got ", uid));
    }
    const std::string_view reference = ReferenceOf(pod);
    if (!reference.empty())
      return refuse(Concat(" can not create pods that reference ", reference));
    return absl::OkStatus();
  }

  static absl::Status CheckNode(const Attributes& attributes, const std::string& node) {
    const std::string_view name = NameIn(attributes);
    if (name != node) {
      return registry::Refuse(attributes, Concat("node ", Quoted(node),
                                                 " is not allowed to modify node ", Quoted(name)));
    }
    if (attributes.object() == nullptr) return absl::OkStatus();
    const json::Object& object = *attributes.object();
    const json::Value* source = kinds::Find(object, {"spec", "configSource"});
    if (attributes.IsCreate()) {
      if (source != nullptr) {
        return registry::Refuse(
            attributes, Concat("node ", Quoted(node),
                               " is not allowed to create pods with a non-nil configSource"));
      }
      const std::string labels = ForbiddenLabels(object, nullptr);
      if (labels.empty()) return absl::OkStatus();
      return registry::Refuse(
          attributes,
          Concat("node ", Quoted(node), " is not allowed to set the following labels: ", labels));
    }
    const json::Object& old = *attributes.old;
    if (source != nullptr && !Same(source, kinds::Find(old, {"spec", "configSource"}))) {
      return registry::Refuse(attributes,
                              Concat("node ", Quoted(node),
                                     " is not allowed to update configSource to a new non-nil "
                                     "configSource"));
    }
    if (!Same(kinds::Find(object, {"spec", "taints"}), kinds::Find(old, {"spec", "taints"}))) {
      return registry::Refuse(attributes,
                              Concat("node ", Quoted(node), " is not allowed to modify taints"));
    }
    const std::string labels = ForbiddenLabels(object, &old);
    if (labels.empty()) return absl::OkStatus();
    return registry::Refuse(attributes, Concat("is not allowed to modify labels: ", labels));
  }

  static absl::Status CheckClaim(const Attributes& attributes, const std::string& node) {
    if (attributes.subresource != "status") {
      return registry::Refuse(attributes, "may only update PVC status");
    }
    json::Object before = *attributes.old;
    json::Object after = *attributes.object();
    for (json::Object* one : {&before, &after}) {
      kinds::Remove(kinds::Child(*one, "metadata"), "resourceVersion");
      kinds::Remove(kinds::Child(*one, "metadata"), "managedFields");
      for (const std::string_view free :
           {"capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"}) {
        kinds::Remove(kinds::Child(*one, "status"), free);
      }
    }
    if (api::JsonEqual(json::Value(std::move(before)), json::Value(std::move(after)))) {
      return absl::OkStatus();
    }
    return registry::Refuse(
        attributes, Concat("node ", Quoted(node),
                           " is not allowed to update fields other than status.capacity and "
                           "status.conditions"));
  }

  absl::Status CheckToken(const Attributes& attributes, const std::string& node) {
    if (!attributes.IsCreate() || attributes.subresource != "token") return absl::OkStatus();
    static const json::Object kNone;
    const json::Object* found = kinds::FindObject(*attributes.object(), {"spec", "boundObjectRef"});
    const json::Object& bound = found == nullptr ? kNone : *found;
    const std::string_view name = Text(bound, {"name"});
    const std::string_view uid = Text(bound, {"uid"});
    if (Text(bound, {"apiVersion"}) != "v1" || Text(bound, {"kind"}) != "Pod" || name.empty()) {
      return registry::Refuse(attributes, "node requested token not bound to a pod");
    }
    if (uid.empty()) {
      return registry::Refuse(attributes, "node requested token with a pod binding without a uid");
    }
    ASSIGN_OR_RETURN(const json::Object pod,
                     Find(registry_, BuiltIn("v1", "pods"), attributes.name_space, name));
    if (Text(pod, {"metadata", "uid"}) != uid) {
      return registry::Refuse(
          attributes, Concat("the UID in the bound object reference (", uid,
                             ") does not match the UID in record. The object might have been "
                             "deleted and then recreated"));
    }
    if (Text(pod, {"spec", "nodeName"}) != node) {
      return registry::Refuse(attributes,
                              "node requested token bound to a pod scheduled on a different node");
    }
    return absl::OkStatus();
  }

  static absl::Status CheckLease(const Attributes& attributes, const std::string& node) {
    if (attributes.name_space != kLeases) {
      return registry::Refuse(attributes, Concat("can only access leases in the ", Quoted(kLeases),
                                                 " system namespace"));
    }
    if (NameIn(attributes) == node) return absl::OkStatus();
    return registry::Refuse(attributes,
                            "can only access node lease with the same name as the requesting node");
  }

  static absl::Status CheckCsiNode(const Attributes& attributes, const std::string& node) {
    if (NameIn(attributes) == node) return absl::OkStatus();
    return registry::Refuse(attributes,
                            "can only access CSINode with the same name as the requesting node");
  }

  static absl::Status CheckSlice(const Attributes& attributes, const std::string& node) {
    const json::Object& slice =
        attributes.object() == nullptr ? *attributes.old : *attributes.object();
    if (Text(slice, {"spec", "nodeName"}) == node) return absl::OkStatus();
    return registry::Refuse(
        attributes,
        attributes.IsCreate()
            ? "can only create ResourceSlice with the same NodeName as the requesting node"
            : "can only delete ResourceSlice with the same NodeName as the requesting node");
  }

  registry::Registry& registry_;
};

}  // namespace

std::unique_ptr<Plugin> MakeNodeRestriction(registry::Registry& registry) {
  return std::make_unique<NodeRestriction>(registry);
}

}  // namespace kvplane::admission
