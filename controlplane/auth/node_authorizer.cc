#include "auth/node_authorizer.h"

#include <algorithm>
#include <string_view>

#include "auth/default_roles.h"
#include "auth/rbac.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

using apiserver::Decision;
using apiserver::RequestInfo;
using kvshim::base::Concat;
using Type = NodeGraph::Type;

constexpr std::string_view kPrefix = "system:node:";
constexpr std::string_view kLeases = "kube-node-lease";

std::vector<Rule> NodeRules() {
  for (const api::json::Object& document : DefaultRoles()) {
    Role role = RoleFromDocument(document);
    if (role.ns.empty() && role.name == "system:node" && !role.rules.empty()) return role.rules;
  }
  return {};
}

bool IsOneOf(std::string_view verb, std::initializer_list<std::string_view> verbs) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

// Whether the selector leaves nothing but objects whose field has the value.
bool SelectsOnly(std::string_view selector, std::string_view field, std::string_view value) {
  while (!selector.empty()) {
    std::string_view term = selector.substr(0, selector.find(','));
    selector.remove_prefix(std::min(selector.size(), term.size() + 1));
    if (!term.starts_with(field)) continue;
    term.remove_prefix(field.size());
    if (!term.starts_with('=')) continue;
    term.remove_prefix(term.starts_with("==") ? 2 : 1);
    if (term == value) return true;
  }
  return false;
}

Decision No(std::string reason) { return {.allowed = false, .reason = std::move(reason)}; }
Decision Yes() { return {.allowed = true}; }

// One request of one node.
class Judgement {
 public:
  Judgement(const NodeGraph& graph, const std::string& node, const RequestInfo& request)
      : graph_(graph), node_(node), request_(request) {}

  Decision Related(Type type) const {
    if (request_.name.empty()) return No("No Object name found");
    const bool reaches = graph_.Reaches(node_, {type, request_.ns, request_.name});
    return reaches ? Yes()
                   : No(Concat("no relationship found between node '", node_, "' and this object"));
  }

  Decision Get(Type type) const {
    if (request_.verb != "get") return No("can only get individual resources of this type");
    if (!request_.subresource.empty()) return No("cannot get subresource");
    return Related(type);
  }

  Decision Read(Type type) const {
    if (!IsOneOf(request_.verb, {"get", "list", "watch"})) {
      return No("can only read resources of this type");
    }
    if (!request_.subresource.empty()) return No("cannot read subresource");
    if (request_.ns.empty()) return No("can only read namespaced object of this type");
    return Related(type);
  }

  Decision Claim() const {
    if (request_.subresource != "status") return Get(Type::kClaim);
    if (!IsOneOf(request_.verb, {"update", "patch"})) {
      return No("can only get/update/patch this type");
    }
    return Related(Type::kClaim);
  }

  Decision Token() const {
    if (request_.verb != "create" || request_.name.empty()) {
      return No("can only create tokens for individual service accounts");
    }
    if (request_.subresource != "token") {
      return No("can only create token subresource of serviceaccount");
    }
    return Related(Type::kServiceAccount);
  }

  Decision Lease() const {
    if (!IsOneOf(request_.verb, {"get", "create", "update", "patch", "delete"})) {
      return No("can only get, create, update, patch, or delete a node lease");
    }
    if (request_.ns != kLeases) {
      return No(Concat("can only access leases in the \"", kLeases, "\" system namespace"));
    }
    if (request_.verb != "create" && request_.name != node_) {
      return No("can only access node lease with the same name as the requesting node");
    }
    return Yes();
  }

  Decision CsiNode() const {
    if (!IsOneOf(request_.verb, {"get", "create", "update", "patch", "delete"})) {
      return No("can only get, create, update, patch, or delete a CSINode");
    }
    if (!request_.subresource.empty()) return No("cannot authorize CSINode subresources");
    if (request_.verb != "create" && request_.name != node_) {
      return No("can only access CSINode with the same name as the requesting node");
    }
    return Yes();
  }

  Decision Slice() const {
    if (!request_.subresource.empty()) return No("cannot authorize ResourceSlice subresources");
    if (request_.verb == "create") return Yes();
    if (IsOneOf(request_.verb, {"get", "update", "patch", "delete"})) return Related(Type::kSlice);
    if (SelectsOnly(request_.field_selector, "spec.nodeName", node_)) return Yes();
    return No("can only list/watch/deletecollection resourceslices with nodeName field selector");
  }

  Decision Node() const {
    if (request_.subresource == "status") {
      return IsOneOf(request_.verb, {"update", "patch"}) ? Yes() : No("");
    }
    if (!request_.subresource.empty()) return No("");
    if (IsOneOf(request_.verb, {"create", "update", "patch"})) return Yes();
    if (!IsOneOf(request_.verb, {"get", "list", "watch"})) return No("");
    if (request_.name == node_) return Yes();
    return No(request_.name.empty()
                  ? Concat("node '", node_, "' cannot read all nodes, only its own Node object")
                  : Concat("node '", node_, "' cannot read '", request_.name,
                           "', only its own Node object"));
  }

  Decision Pod() const {
    if (request_.subresource == "status") {
      return IsOneOf(request_.verb, {"update", "patch"}) ? Yes() : No("");
    }
    if (request_.subresource == "eviction") return request_.verb == "create" ? Yes() : No("");
    if (!request_.subresource.empty()) return No("");
    if (request_.verb == "get") return Get(Type::kPod);
    if (IsOneOf(request_.verb, {"create", "delete"})) return Yes();
    if (!IsOneOf(request_.verb, {"list", "watch"})) return No("");
    if (SelectsOnly(request_.field_selector, "spec.nodeName", node_)) return Yes();
    if (!request_.name.empty()) return Related(Type::kPod);
    return No("can only list/watch pods with spec.nodeName field selector");
  }

 private:
  const NodeGraph& graph_;
  const std::string& node_;
  const RequestInfo& request_;
};

}  // namespace

NodeAuthorizer::NodeAuthorizer(const NodeGraph& graph, const apiserver::Authorizer& next)
    : graph_(graph), next_(next), rules_(NodeRules()) {}

Decision NodeAuthorizer::OfNode(const std::string& node, const RequestInfo& request) const {
  const Judgement judgement(graph_, node, request);
  if (request.is_resource) {
    const std::string& resource = request.resource;
    if (request.group.empty()) {
      if (resource == "secrets") return judgement.Read(Type::kSecret);
      if (resource == "configmaps") return judgement.Read(Type::kConfigMap);
      if (resource == "persistentvolumeclaims") return judgement.Claim();
      if (resource == "persistentvolumes") return judgement.Get(Type::kVolume);
      if (resource == "serviceaccounts") return judgement.Token();
      if (resource == "nodes") return judgement.Node();
      if (resource == "pods") return judgement.Pod();
    } else if (request.group == "coordination.k8s.io" && resource == "leases") {
      return judgement.Lease();
    } else if (request.group == "storage.k8s.io" && resource == "volumeattachments") {
      return judgement.Get(Type::kAttachment);
    } else if (request.group == "storage.k8s.io" && resource == "csinodes") {
      return judgement.CsiNode();
    } else if (request.group == "resource.k8s.io" && resource == "resourceclaims") {
      return judgement.Get(Type::kResourceClaim);
    } else if (request.group == "resource.k8s.io" && resource == "resourceslices") {
      return judgement.Slice();
    }
  }
  const bool allowed = std::any_of(rules_.begin(), rules_.end(),
                                   [&](const Rule& rule) { return Covers(rule, request); });
  return {.allowed = allowed};
}

Decision NodeAuthorizer::Authorize(const User& user, const RequestInfo& request) const {
  const bool is_node =
      user.name.starts_with(kPrefix) &&
      std::find(user.groups.begin(), user.groups.end(), "system:nodes") != user.groups.end();
  if (!is_node) return next_.Authorize(user, request);
  const std::string node = user.name.substr(kPrefix.size());
  Decision own = node.empty() ? No(Concat("unknown node for user \"", user.name, "\""))
                              : OfNode(node, request);
  if (own.allowed) return own;
  Decision other = next_.Authorize(user, request);
  if (!other.allowed && other.reason.empty()) other.reason = std::move(own.reason);
  return other;
}

}  // namespace kvplane::auth
