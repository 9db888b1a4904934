#include "controller/endpoints.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

constexpr char kHeadless[] = "service.kubernetes.io/headless";
constexpr char kManagedBy[] = "endpoints.kubernetes.io/managed-by";
constexpr char kOverCapacity[] = "endpoints.kubernetes.io/over-capacity";
constexpr size_t kMostAddresses = 1000;

json::Object AddressOf(const Backend& backend, const std::string& ip, const json::Object& service) {
  json::Object address{{"ip", ip}};
  if (const auto hostname = HostnameIn(backend.pod, service); !hostname.empty()) {
    address["hostname"] = json::ToBoost(hostname);
  }
  if (const auto node = Text(backend.pod, {"spec", "nodeName"}); !node.empty()) {
    address["nodeName"] = json::ToBoost(node);
  }
  address["targetRef"] = PodReference(backend.pod);
  return address;
}

json::Array PortsOf(const std::vector<BackendPort>& ports) {
  json::Array list;
  for (const BackendPort& one : ports) {
    json::Object port{{"port", one.port}, {"protocol", one.protocol}};
    if (!one.name.empty()) port["name"] = one.name;
    if (!one.app_protocol.empty()) port["appProtocol"] = one.app_protocol;
    list.push_back(std::move(port));
  }
  return list;
}

// Addresses with the same ports make one subset. Pods that are not ready stand apart in it.
json::Array SubsetsOf(const std::vector<Backend>& backends, const json::Object& service,
                      bool& over_capacity) {
  struct Subset {
    json::Array ready;
    json::Array not_ready;
  };
  const bool publishes_all = kinds::True(service, {"spec", "publishNotReadyAddresses"});
  const json::Array* asked = kinds::FindArray(service, {"spec", "ports"});
  const bool has_ports = asked != nullptr && !asked->empty();
  const std::string family = FamiliesOf(service).front();
  std::map<std::vector<BackendPort>, Subset> subsets;
  size_t count = 0;
  for (const Backend& backend : backends) {
    const std::string ip = backend.Address(family);
    if (ip.empty() || (has_ports && backend.ports.empty())) continue;
    if (backend.terminating && !publishes_all) continue;
    over_capacity = ++count > kMostAddresses;
    if (over_capacity) break;
    Subset& subset = subsets[backend.ports];
    (backend.ready || publishes_all ? subset.ready : subset.not_ready)
        .push_back(AddressOf(backend, ip, service));
  }
  json::Array list;
  for (auto& [ports, subset] : subsets) {
    json::Object one;
    if (!subset.ready.empty()) one["addresses"] = std::move(subset.ready);
    if (!subset.not_ready.empty()) one["notReadyAddresses"] = std::move(subset.not_ready);
    if (!ports.empty()) one["ports"] = PortsOf(ports);
    list.push_back(std::move(one));
  }
  return list;
}

json::Object LabelsOf(const json::Object& service) {
  json::Object labels;
  if (const json::Object* own = kinds::FindObject(service, {"metadata", "labels"})) labels = *own;
  labels.erase(kHeadless);
  if (IsHeadless(service)) labels[kHeadless] = "";
  labels[kManagedBy] = "endpoint-controller";
  return labels;
}

}  // namespace

EndpointsController::EndpointsController(Environment& environment)
    : Controller(environment, {.name = "endpoint-controller", .concurrency = 5}),
      endpoints_(environment.informers.Of("v1", "endpoints")),
      backends_(environment.informers) {
  backends_.OnChange([this](const std::string& service) { queue().Add(service); });
  // What somebody else did to them is undone.
  endpoints_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
}

absl::Status EndpointsController::Sync(const std::string& key) {
  RETURN_IF_ERROR(endpoints_.Await(Written(key)));
  const StoredObjectPtr known = endpoints_.Get(key);
  const StoredObjectPtr stored = backends_.services().Get(key);
  if (stored == nullptr) {
    // Those that nobody says are others' go with their service.
    const bool ours =
        known != nullptr &&
        Text(known->Parse(), {"metadata", "labels", kManagedBy}) == "endpoint-controller";
    if (!ours) return absl::OkStatus();
    const json::Object object = known->Parse();
    const absl::Status deleted =
        client().Delete(endpoints_.kind(), Text(object, {"metadata", "namespace"}),
                        Text(object, {"metadata", "name"}));
    return registry::HasReason(deleted, "NotFound") ? absl::OkStatus() : deleted;
  }
  const json::Object service = stored->Parse();
  if (!HasSelector(service)) return absl::OkStatus();
  const json::Object before = known == nullptr ? json::Object() : known->Parse();
  json::Object object = before;
  bool over_capacity = false;
  object["subsets"] = SubsetsOf(backends_.Of(service), service, over_capacity);
  if (object["subsets"].get_array().empty()) object.erase("subsets");
  json::Object& metadata = kinds::Child(object, "metadata");
  kinds::Set(metadata, "name", json::Value(json::ToBoost(Text(service, {"metadata", "name"}))));
  kinds::Set(metadata, "namespace",
             json::Value(json::ToBoost(Text(service, {"metadata", "namespace"}))));
  kinds::Set(metadata, "labels", LabelsOf(service));
  if (over_capacity) {
    kinds::Child(metadata, "annotations")[kOverCapacity] = "truncated";
  } else if (json::Object* annotations = kinds::FindObject(metadata, {"annotations"})) {
    annotations->erase(kOverCapacity);
  }
  const auto written = before.empty()
                           ? client().Create(endpoints_.kind(), std::move(object))
                           : client().UpdateFrom(endpoints_.kind(), before, std::move(object));
  if (written.ok()) Wrote(key, *written);
  // Nothing can be told in a namespace that goes.
  return registry::HasReason(written.status(), "Forbidden") ? absl::OkStatus() : written.status();
}

}  // namespace kvplane::controller
