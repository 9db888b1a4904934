#include "apiserver/discovery.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

// The order in which clients that find a name in several groups prefer them.
constexpr std::string_view kOrder[] = {
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
};

size_t PlaceOf(std::string_view group) {
  return static_cast<size_t>(std::find(std::begin(kOrder), std::end(kOrder), group) -
                             std::begin(kOrder));
}

std::string GroupVersion(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : Concat(group, '/', version);
}

json::Array Texts(const std::vector<std::string_view>& texts) {
  json::Array out;
  for (const std::string_view text : texts) out.push_back(json::ToBoost(text));
  return out;
}

json::Object GroupDocument(std::string_view name, const std::vector<std::string>& versions) {
  json::Array list;
  for (const std::string& version : versions) {
    list.push_back(
        json::Object{{"groupVersion", GroupVersion(name, version)}, {"version", version}});
  }
  return {{"name", json::ToBoost(name)},
          {"versions", list},
          {"preferredVersion", list.empty() ? json::Value() : list[0]}};
}

json::Object Kind(std::string_view group_version, std::string_view kind) {
  return {{"group", json::ToBoost(kinds::GroupOf(group_version))},
          {"version", json::ToBoost(kinds::VersionOf(group_version))},
          {"kind", json::ToBoost(kind)}};
}

// Actions that are no verb of resources in discovery: a connection is made with get or create.
std::vector<std::string_view> VerbsOf(const api::Subresource& subresource) {
  std::vector<std::string_view> verbs;
  for (const std::string_view verb : subresource.verbs) {
    if (verb == "connect") {
      verbs.insert(verbs.end(), {"create", "get"});
    } else {
      verbs.push_back(verb);
    }
  }
  return verbs;
}

json::Object AggregatedResource(const api::Resource& resource) {
  json::Object out{{"resource", json::ToBoost(resource.plural)},
                   {"responseKind", Kind(resource.group_version, resource.kind)},
                   {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
                   {"singularResource", json::ToBoost(resource.singular)},
                   {"verbs", Texts(resource.verbs)}};
  if (!resource.short_names.empty()) out["shortNames"] = Texts(resource.short_names);
  if (!resource.categories.empty()) out["categories"] = Texts(resource.categories);
  json::Array subresources;
  for (const api::Subresource& sub : resource.subresources) {
    subresources.push_back(json::Object{{"subresource", json::ToBoost(sub.name)},
                                        {"responseKind", Kind(sub.group_version, sub.kind)},
                                        {"verbs", Texts(VerbsOf(sub))}});
  }
  if (!subresources.empty()) out["subresources"] = std::move(subresources);
  return out;
}

json::Object PlainResource(const api::Resource& resource) {
  json::Object out{{"name", json::ToBoost(resource.plural)},
                   {"singularName", json::ToBoost(resource.singular)},
                   {"namespaced", resource.namespaced},
                   {"kind", json::ToBoost(resource.kind)},
                   {"verbs", Texts(resource.verbs)}};
  if (!resource.short_names.empty()) out["shortNames"] = Texts(resource.short_names);
  if (!resource.categories.empty()) out["categories"] = Texts(resource.categories);
  return out;
}

json::Object PlainSubresource(const api::Resource& resource, const api::Subresource& sub) {
  json::Object out{{"name", Concat(resource.plural, '/', sub.name)},
                   {"singularName", ""},
                   {"namespaced", resource.namespaced}};
  if (sub.group_version != resource.group_version) {
    out["group"] = json::ToBoost(kinds::GroupOf(sub.group_version));
    out["version"] = json::ToBoost(kinds::VersionOf(sub.group_version));
  }
  out["kind"] = json::ToBoost(sub.kind);
  out["verbs"] = Texts(VerbsOf(sub));
  return out;
}

}  // namespace

Discovery::Discovery(const kinds::Kinds& kinds) : kinds_(kinds) {
  for (const kinds::Served& served : kinds.served()) {
    const std::string name(served.resource->group);
    const std::string version(kinds::VersionOf(served.resource->group_version));
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&](const Group& one) { return one.name == name; });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{name, {}});
    auto& versions = group->versions;
    if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
      versions.push_back(version);
    }
  }
  for (Group& group : groups_) {
    std::sort(group.versions.begin(), group.versions.end(), kinds::IsPreferredVersion);
  }
  std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) {
    return std::pair(PlaceOf(a.name), std::string_view(a.name)) <
           std::pair(PlaceOf(b.name), std::string_view(b.name));
  });
}

std::vector<std::string> Discovery::GroupVersions() const {
  std::vector<std::string> out;
  for (const Group& group : groups_) {
    for (const std::string& version : group.versions) {
      out.push_back(GroupVersion(group.name, version));
    }
  }
  return out;
}

json::Array Discovery::ResourcesOf(std::string_view group_version) const {
  json::Array resources;
  for (const kinds::Served& served : kinds_.served()) {
    if (served.resource->group_version != group_version) continue;
    resources.push_back(AggregatedResource(*served.resource));
  }
  return resources;
}

json::Object Discovery::Aggregated(bool core, std::string_view version) const {
  json::Array items;
  for (const Group& group : groups_) {
    if (group.name.empty() != core) continue;
    json::Array versions;
    for (const std::string& one : group.versions) {
      versions.push_back(json::Object{{"version", one},
                                      {"resources", ResourcesOf(GroupVersion(group.name, one))},
                                      {"freshness", "Current"}});
    }
    json::Object metadata;
    if (!core) metadata["name"] = group.name;
    metadata["creationTimestamp"] = nullptr;
    items.push_back(json::Object{{"metadata", std::move(metadata)}, {"versions", versions}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", Concat("apidiscovery.k8s.io/", version)},
          {"metadata", json::Object()},
          {"items", std::move(items)}};
}

json::Object Discovery::ResourceList(std::string_view group_version) const {
  json::Array resources;
  for (const kinds::Served& served : kinds_.served()) {
    if (served.resource->group_version != group_version) continue;
    resources.push_back(PlainResource(*served.resource));
    for (const api::Subresource& sub : served.resource->subresources) {
      resources.push_back(PlainSubresource(*served.resource, sub));
    }
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", json::ToBoost(group_version)},
          {"resources", std::move(resources)}};
}

absl::StatusOr<Answer> Discovery::Find(const Call& call) const {
  std::string_view path = call.request.path;
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool core = path == "/api";
  if ((core || path == "/apis") && !call.wanted.discovery.empty()) {
    Answer answer = AnswerDocument(call, Aggregated(core, call.wanted.discovery));
    answer.content_type +=
        Concat(";g=apidiscovery.k8s.io;v=", call.wanted.discovery, ";as=APIGroupDiscoveryList");
    return answer;
  }
  if (core) {
    const json::Array addresses{
        json::Object{{"clientCIDR", "0.0.0.0/0"},
                     {"serverAddress", json::ToBoost(call.request.Header("host"))}}};
    return AnswerDocument(call, {{"kind", "APIVersions"},
                                 {"versions", json::Array{"v1"}},
                                 {"serverAddressByClientCIDRs", addresses}});
  }
  if (path == "/apis") {
    json::Array groups;
    for (const Group& group : groups_) {
      if (!group.name.empty()) groups.push_back(GroupDocument(group.name, group.versions));
    }
    return AnswerDocument(call,
                          {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}});
  }
  for (const Group& group : groups_) {
    for (const std::string& version : group.versions) {
      const std::string group_version = GroupVersion(group.name, version);
      if (path == Concat(group.name.empty() ? "/api/" : "/apis/", group_version)) {
        return AnswerDocument(call, ResourceList(group_version));
      }
    }
    if (group.name.empty() || path != Concat("/apis/", group.name)) continue;
    json::Object document{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    for (auto& member : GroupDocument(group.name, group.versions)) {
      document.emplace(member.key(), member.value());
    }
    return AnswerDocument(call, document);
  }
  return registry::NoSuchResource();
}

}  // namespace kvplane::apiserver
