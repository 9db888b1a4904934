#include "server/system_objects.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/canonical.h"
#include "api/json.h"
#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/kind.h"
#include "registry/failure.h"

namespace kvplane::server {
namespace {

namespace json = api::json;

constexpr int64_t kClusterCritical = 2'000'000'000;
constexpr int64_t kNodeCritical = 2'000'001'000;

enum class Existing { kKept, kBroughtUpToDate };

struct Wanted {
  std::string_view group_version;
  std::string_view plural;
  std::string_view ns;
  std::string_view name;
  json::Object document;  // without apiVersion, kind, name and namespace
  Existing existing = Existing::kKept;
  std::string_view content = "";  // the member that is brought up to date
};

absl::StatusOr<json::Object> Document(const kinds::Kind& kind, Wanted wanted) {
  json::Object document{{"apiVersion", json::ToBoost(wanted.group_version)},
                        {"kind", json::ToBoost(kind.name)}};
  json::Object metadata{{"name", json::ToBoost(wanted.name)}};
  if (!wanted.ns.empty()) metadata["namespace"] = json::ToBoost(wanted.ns);
  if (const json::Value* labels = json::Find(wanted.document, "labels")) {
    metadata["labels"] = *labels;
    wanted.document.erase("labels");
  }
  document["metadata"] = std::move(metadata);
  for (auto& member : wanted.document) document[member.key()] = std::move(member.value());
  ASSIGN_OR_RETURN(json::Value canonical, api::Canonicalize(*kind.message, std::move(document)));
  return std::move(canonical.get_object());
}

absl::Status Ensure(registry::Registry& registry, const Wanted& wanted) {
  const kinds::Served* served = kinds::Kinds::BuiltIn().Find(wanted.group_version, wanted.plural);
  if (served == nullptr) {
    return absl::InternalError(kvshim::base::Concat("the schema knows no ", wanted.plural));
  }
  const kinds::Kind& kind = *served->kind;
  ASSIGN_OR_RETURN(const json::Object document, Document(kind, wanted));
  absl::StatusOr<json::Object> held = registry.Get(kind, wanted.ns, wanted.name);
  if (!held.ok() && registry::HasReason(held.status(), "NotFound")) {
    held = registry.Create(kind, wanted.ns, document, {});
    if (held.ok()) return absl::OkStatus();
    // Another server may have been first, with the object or with its address.
    return registry.Get(kind, wanted.ns, wanted.name).ok() ? absl::OkStatus() : held.status();
  }
  RETURN_IF_ERROR(held.status());
  if (wanted.existing == Existing::kKept) return absl::OkStatus();
  const json::Value* now = json::Find(*held, wanted.content);
  const json::Value& to_be = document.at(json::ToBoost(wanted.content));
  if (now != nullptr && api::JsonEqual(*now, to_be)) return absl::OkStatus();
  return registry
      .Update(kind, wanted.ns, wanted.name,
              [&](const json::Object& current) -> absl::StatusOr<json::Object> {
                json::Object object = current;
                object[json::ToBoost(wanted.content)] = to_be;
                return object;
              },
              {})
      .status();
}

Wanted PriorityClass(std::string_view name, int64_t value, std::string_view description) {
  return {.group_version = "scheduling.k8s.io/v1",
          .plural = "priorityclasses",
          .name = name,
          .document = {{"value", value},
                       {"description", json::ToBoost(description)},
                       {"preemptionPolicy", "PreemptLowerPriority"}}};
}

Wanted KubernetesService(const std::string& address, int https_port) {
  const bool ipv6 = address.find(':') != std::string::npos;
  json::Object port{
      {"name", "https"}, {"protocol", "TCP"}, {"port", 443}, {"targetPort", https_port}};
  return {
      .group_version = "v1",
      .plural = "services",
      .ns = "default",
      .name = "kubernetes",
      .document = {{"labels", json::Object{{"component", "apiserver"}, {"provider", "kubernetes"}}},
                   {"spec", json::Object{{"ports", json::Array{std::move(port)}},
                                         {"clusterIP", json::ToBoost(address)},
                                         {"clusterIPs", json::Array{json::ToBoost(address)}},
                                         {"type", "ClusterIP"},
                                         {"sessionAffinity", "None"},
                                         {"ipFamilies", json::Array{ipv6 ? "IPv6" : "IPv4"}},
                                         {"ipFamilyPolicy", "SingleStack"},
                                         {"internalTrafficPolicy", "Cluster"}}}}};
}

Wanted ExtensionTrust(const cluster::Bootstrap& cluster) {
  return {
      .group_version = "v1",
      .plural = "configmaps",
      .ns = "kube-system",
      .name = "extension-apiserver-authentication",
      .document = {{"data",
                    json::Object{{"client-ca-file", json::ToBoost(cluster.client_ca.certificate)},
                                 {"requestheader-allowed-names", "[]"},
                                 {"requestheader-client-ca-file",
                                  json::ToBoost(cluster.request_header_ca.certificate)},
                                 {"requestheader-extra-headers-prefix", R"(["X-Remote-Extra-"])"},
                                 {"requestheader-group-headers", R"(["X-Remote-Group"])"},
                                 {"requestheader-uid-headers", R"(["X-Remote-Uid"])"},
                                 {"requestheader-username-headers", R"(["X-Remote-User"])"}}}},
      .existing = Existing::kBroughtUpToDate,
      .content = "data"};
}

}  // namespace

absl::Status EnsureSystemObjects(registry::Registry& registry, const cluster::Bootstrap& cluster,
                                 int https_port) {
  RETURN_IF_ERROR(Ensure(registry, PriorityClass("system-cluster-critical", kClusterCritical,
                                                 "Used for system critical pods that must run in "
                                                 "the cluster, but can be moved to another node if "
                                                 "necessary.")));
  RETURN_IF_ERROR(Ensure(registry, PriorityClass("system-node-critical", kNodeCritical,
                                                 "Used for system critical pods that must not be "
                                                 "moved from their current node.")));
  ASSIGN_OR_RETURN(const std::string address, cluster.settings.ServiceAddress(1));
  RETURN_IF_ERROR(Ensure(registry, KubernetesService(address, https_port)));
  return Ensure(registry, ExtensionTrust(cluster));
}

}  // namespace kvplane::server
