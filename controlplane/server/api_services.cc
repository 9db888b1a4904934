#include "server/api_services.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/identity.h"
#include "registry/registry.h"
#include "registry/stored_form.h"

namespace kvplane::server {

namespace {

namespace json = api::json;
using kinds::Text;
using kvshim::base::Concat;

namespace base = kvshim::base;

constexpr std::chrono::seconds kPause{1};
constexpr std::string_view kManaged = "kube-aggregator.kubernetes.io/automanaged";
// Of an object that the server keeps while it runs, rather than from its start on.
constexpr std::string_view kWhileServed = "true";

struct Priority {
  int group = 0;
  int version = 0;
};

// Which group a client should prefer where several have a name; custom ones come last.
constexpr Priority kCustom{1000, 100};
constexpr std::pair<std::string_view, Priority> kPriorities[] = {
    {"", {18000, 1}},
    {"apps", {17800, 15}},
    {"events.k8s.io", {17750, 15}},
    {"authentication.k8s.io", {17700, 15}},
    {"authorization.k8s.io", {17600, 15}},
    {"autoscaling", {17500, 15}},
    {"batch", {17400, 15}},
    {"certificates.k8s.io", {17300, 15}},
    {"networking.k8s.io", {17200, 15}},
    {"policy", {17100, 15}},
    {"rbac.authorization.k8s.io", {17000, 15}},
    {"storage.k8s.io", {16800, 15}},
    {"apiextensions.k8s.io", {16700, 15}},
    {"admissionregistration.k8s.io", {16700, 15}},
    {"scheduling.k8s.io", {16600, 15}},
    {"coordination.k8s.io", {16500, 15}},
    {"node.k8s.io", {16300, 15}},
    {"discovery.k8s.io", {16200, 15}},
    {"flowcontrol.apiserver.k8s.io", {16100, 21}},
    {"resource.k8s.io", {15900, 15}},
};

Priority PriorityOf(std::string_view group_version) {
  if (group_version == "autoscaling/v2") return {17500, 30};
  for (const auto& [group, priority] : kPriorities) {
    if (group == kinds::GroupOf(group_version)) return priority;
  }
  return kCustom;
}

const kinds::Kind& ApiServices() {
  static const kinds::Kind& kind =
      *kinds::Kinds::BuiltIn().Find("apiregistration.k8s.io/v1", "apiservices")->kind;
  return kind;
}

json::Object Document(const std::string& name, std::string_view group_version, bool custom) {
  const Priority priority = PriorityOf(group_version);
  json::Object spec;
  const std::string_view group = kinds::GroupOf(group_version);
  if (!group.empty()) spec["group"] = json::ToBoost(group);
  spec["version"] = json::ToBoost(kinds::VersionOf(group_version));
  spec["groupPriorityMinimum"] = priority.group;
  spec["versionPriority"] = priority.version;
  json::Object labels;
  labels[json::ToBoost(kManaged)] = json::ToBoost(custom ? kWhileServed : "onstart");
  return {{"apiVersion", "apiregistration.k8s.io/v1"},
          {"kind", "APIService"},
          {"metadata", json::Object{{"name", name}, {"labels", std::move(labels)}}},
          {"spec", std::move(spec)}};
}

absl::Status Create(registry::Registry& registry, const std::string& name,
                    std::string_view group_version, bool custom) {
  const absl::Status created =
      registry.Create(ApiServices(), "", Document(name, group_version, custom), {}).status();
  if (registry::HasReason(created, "AlreadyExists")) return absl::OkStatus();
  RETURN_IF_ERROR(created);
  registry::UpdateOptions options;
  options.part = "status";
  const auto available = [](const json::Object& current) -> absl::StatusOr<json::Object> {
    json::Object object = current;
    object["status"] = json::Object{
        {"conditions",
         json::Array{json::Object{{"type", "Available"},
                                  {"status", "True"},
                                  {"lastTransitionTime", registry::FormatNow()},
                                  {"reason", "Local"},
                                  {"message", "Local APIServices are always available"}}}}};
    return object;
  };
  return registry.Update(ApiServices(), "", name, available, options).status();
}

// Creates what is missing, and deletes those of custom resources that are not served any more.
absl::Status EnsureApiServices(registry::Registry& registry, const kinds::Kinds& kinds) {
  std::map<std::string, std::pair<std::string, bool>, std::less<>> wanted;  // by name
  for (const kinds::Served& served : kinds.served()) {
    const std::string_view group_version = served.resource->group_version;
    const std::string_view group = kinds::GroupOf(group_version);
    if (group == "apiregistration.k8s.io") continue;
    const bool custom = served.kind != nullptr && served.kind->definition != nullptr;
    wanted.emplace(Concat(kinds::VersionOf(group_version), ".", group),
                   std::pair(std::string(group_version), custom));
  }
  const kinds::Kind& kind = ApiServices();
  ASSIGN_OR_RETURN(const registry::Registry::Page page,
                   registry.ReadAt(kind, kind.prefix, kind.prefix, 0, 0));
  for (const registry::StoredObjectPtr& object : page.objects) {
    const std::string name = object->key().substr(kind.prefix.size());
    if (wanted.erase(name) > 0) continue;
    if (Text(object->labels(), {kManaged}) != kWhileServed) continue;
    const absl::Status deleted = registry.Delete(kind, "", name, {}).status();
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
  }
  for (const auto& [name, service] : wanted) {
    RETURN_IF_ERROR(Create(registry, name, service.first, service.second));
  }
  return absl::OkStatus();
}

}  // namespace

ApiServices::ApiServices(registry::Registry& registry)
    : registry_(registry), listening_(registry.ListenToKinds([this](const kinds::Kinds&) {
        (void)executor_.Submit([this] { Ensure(); });
      })) {
  (void)executor_.Submit([this] { Ensure(); });
}

ApiServices::~ApiServices() {
  listening_ = {};
  executor_.Stop();
}

void ApiServices::Ensure() {
  const absl::Status written = EnsureApiServices(registry_, *registry_.kinds());
  if (written.ok()) return;
  base::Log(base::Level::kWarning, "cannot write the APIService objects; trying again",
            {{"error", written}});
  executor_.Schedule(base::Clock::Real().Now() + kPause, [this] { Ensure(); });
}

}  // namespace kvplane::server
