#include "controller/endpoint_slices.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr char kServiceName[] = "kubernetes.io/service-name";
constexpr char kManagedBy[] = "endpointslice.kubernetes.io/managed-by";
constexpr char kManager[] = "endpointslice-controller.k8s.io";
constexpr char kHeadless[] = "service.kubernetes.io/headless";
constexpr size_t kMostEndpoints = 100;

const Index kByService{
    "service-name", [](const json::Object& slice) {
      return std::vector<std::string>{Concat(Text(slice, {"metadata", "namespace"}), "/",
                                             Text(slice, {"metadata", "labels", kServiceName}))};
    }};

// Slices of the same address family and ports share endpoints.
struct Shape {
  std::string family;
  std::vector<BackendPort> ports;
  auto operator<=>(const Shape&) const = default;
};

json::Array PortsOf(const std::vector<BackendPort>& ports) {
  json::Array list;
  for (const BackendPort& one : ports) {
    json::Object port{{"name", one.name}, {"protocol", one.protocol}, {"port", one.port}};
    if (!one.app_protocol.empty()) port["appProtocol"] = one.app_protocol;
    list.push_back(std::move(port));
  }
  return list;
}

Shape ShapeOf(const json::Object& slice) {
  Shape shape{.family = std::string(Text(slice, {"addressType"}))};
  kinds::ForEach(slice, {"ports"}, [&](const json::Object& port) {
    shape.ports.push_back({.name = std::string(Text(port, {"name"})),
                           .port = kinds::Integer(port, {"port"}),
                           .protocol = std::string(Text(port, {"protocol"})),
                           .app_protocol = std::string(Text(port, {"appProtocol"}))});
  });
  return shape;
}

std::string PodOf(const json::Object& endpoint) {
  return std::string(Text(endpoint, {"targetRef", "uid"}));
}

json::Object LabelsOf(const json::Object& service) {
  json::Object labels;
  if (const json::Object* own = kinds::FindObject(service, {"metadata", "labels"})) labels = *own;
  labels.erase(kHeadless);
  if (IsHeadless(service)) labels[kHeadless] = "";
  labels[kServiceName] = json::ToBoost(Text(service, {"metadata", "name"}));
  labels[kManagedBy] = kManager;
  return labels;
}

json::Object NewSlice(const json::Object& service, const Shape& shape) {
  const std::string_view name = Text(service, {"metadata", "name"});
  json::Object owner{
      {"apiVersion", "v1"},          {"kind", "Service"},
      {"name", json::ToBoost(name)}, {"uid", json::ToBoost(Text(service, {"metadata", "uid"}))},
      {"controller", true},          {"blockOwnerDeletion", true}};
  return {{"metadata",
           json::Object{{"generateName", json::ToBoost(Concat(name, "-"))},
                        {"namespace", json::ToBoost(Text(service, {"metadata", "namespace"}))},
                        {"ownerReferences", json::Array{std::move(owner)}}}},
          {"addressType", shape.family},
          {"ports", PortsOf(shape.ports)},
          {"endpoints", json::Array()}};
}

// The slices of one shape as they are to be: endpoints stay in the slices where they are, those
// that are new fill what room there is.
void Arrange(const json::Object& service, const Shape& shape,
             std::map<std::string, json::Object> endpoints, std::vector<json::Object> held,
             std::vector<json::Object>& wanted) {
  for (json::Object& slice : held) {
    json::Array kept;
    kinds::ForEach(slice, {"endpoints"}, [&](const json::Object& endpoint) {
      const auto found = endpoints.find(PodOf(endpoint));
      if (found == endpoints.end()) return;
      kept.emplace_back(std::move(found->second));
      endpoints.erase(found);
    });
    slice["endpoints"] = std::move(kept);
  }
  auto slice = held.begin();
  for (auto& [pod, endpoint] : endpoints) {
    while (slice != held.end() && slice->at("endpoints").as_array().size() >= kMostEndpoints) {
      ++slice;
    }
    if (slice == held.end()) slice = held.insert(held.end(), NewSlice(service, shape));
    slice->at("endpoints").as_array().emplace_back(std::move(endpoint));
  }
  for (json::Object& one : held) {
    if (!one.at("endpoints").as_array().empty()) wanted.push_back(std::move(one));
  }
}

}  // namespace

EndpointSliceController::EndpointSliceController(Environment& environment)
    : Controller(environment, {.name = "endpointslice-controller", .concurrency = 5}),
      slices_(environment.informers.Of("discovery.k8s.io/v1", "endpointslices")),
      nodes_(environment.informers.Of("v1", "nodes")),
      backends_(environment.informers) {
  slices_.AddIndex(kByService);
  backends_.OnChange([this](const std::string& service) { queue().Add(service); });
  slices_.AddHandler([this](const Change& change) {
    const json::Object& slice = change.document();
    if (Text(slice, {"metadata", "labels", kManagedBy}) == kManager) {
      queue().Add(kByService.values(slice).front());
    }
  });
}

std::vector<json::Object> EndpointSliceController::SlicesOf(const std::string& key) {
  std::vector<json::Object> slices;
  for (const StoredObjectPtr& stored : slices_.Find(kByService, key)) {
    json::Object slice = stored->Parse();
    if (Text(slice, {"metadata", "labels", kManagedBy}) != kManager ||
        kinds::Has(slice, {"metadata", "deletionTimestamp"})) {
      continue;
    }
    slices.push_back(std::move(slice));
  }
  return slices;
}

absl::Status EndpointSliceController::Sync(const std::string& key) {
  const StoredObjectPtr stored = backends_.services().Get(key);
  // Slices of a service that is gone are the garbage collector's.
  if (stored == nullptr) return absl::OkStatus();
  const json::Object service = stored->Parse();
  if (!HasSelector(service)) return absl::OkStatus();
  RETURN_IF_ERROR(slices_.Await(Written(key)));
  std::map<Shape, std::map<std::string, json::Object>> endpoints;
  for (const Backend& backend : backends_.Of(service)) {
    for (const std::string& family : FamiliesOf(service)) {
      const std::string address = backend.Address(family);
      if (address.empty()) continue;
      endpoints[{family, backend.ports}].emplace(Text(backend.pod, {"metadata", "uid"}),
                                                 Endpoint(backend, address, service));
    }
  }
  // There is always one, so that who looks knows that there are none.
  for (const std::string& family : FamiliesOf(service)) {
    const bool any = std::any_of(endpoints.begin(), endpoints.end(),
                                 [&](const auto& one) { return one.first.family == family; });
    if (!any) endpoints[{family, {}}];
  }
  const std::vector<json::Object> held = SlicesOf(key);
  std::vector<json::Object> wanted;
  for (auto& [shape, of_shape] : endpoints) {
    std::vector<json::Object> alike;
    for (const json::Object& slice : held) {
      if (ShapeOf(slice) == shape) alike.push_back(slice);
    }
    if (of_shape.empty()) {
      wanted.push_back(alike.empty() ? NewSlice(service, shape) : alike.front());
      wanted.back()["endpoints"] = json::Array();
    } else {
      Arrange(service, shape, std::move(of_shape), std::move(alike), wanted);
    }
  }
  const absl::Status written = Write(service, std::move(wanted), held);
  // Nothing can be told in a namespace that goes.
  return registry::HasReason(written, "Forbidden") ? absl::OkStatus() : written;
}

json::Object EndpointSliceController::Endpoint(const Backend& backend, const std::string& address,
                                               const json::Object& service) const {
  const bool publishes_all = kinds::True(service, {"spec", "publishNotReadyAddresses"});
  json::Object endpoint{
      {"addresses", json::Array{address.c_str()}},
      {"conditions",
       json::Object{{"ready", publishes_all || (backend.ready && !backend.terminating)},
                    {"serving", backend.ready},
                    {"terminating", backend.terminating}}}};
  if (const auto hostname = HostnameIn(backend.pod, service); !hostname.empty()) {
    endpoint["hostname"] = json::ToBoost(hostname);
  }
  endpoint["targetRef"] = PodReference(backend.pod);
  if (const auto node = Text(backend.pod, {"spec", "nodeName"}); !node.empty()) {
    endpoint["nodeName"] = json::ToBoost(node);
    const StoredObjectPtr known = nodes_.Get(node);
    const json::Value* zone =
        known == nullptr ? nullptr : json::Find(known->labels(), "topology.kubernetes.io/zone");
    if (zone != nullptr) endpoint["zone"] = *zone;
  }
  return endpoint;
}

absl::Status EndpointSliceController::Write(const json::Object& service,
                                            std::vector<json::Object> wanted,
                                            std::vector<json::Object> held) {
  const std::string key =
      Concat(Text(service, {"metadata", "namespace"}), "/", Text(service, {"metadata", "name"}));
  const auto name_of = [](const json::Object& slice) { return Text(slice, {"metadata", "name"}); };
  const json::Object labels = LabelsOf(service);
  for (json::Object& slice : wanted) {
    kinds::Set(kinds::Child(slice, "metadata"), "labels", labels);
    const std::string_view name = name_of(slice);
    if (name.empty()) {
      ASSIGN_OR_RETURN(const json::Object created, client().Create(slices_.kind(), slice));
      Wrote(key, created);
      continue;
    }
    const auto now = std::find_if(held.begin(), held.end(),
                                  [&](const json::Object& one) { return name_of(one) == name; });
    ASSIGN_OR_RETURN(const json::Object updated, client().UpdateFrom(slices_.kind(), *now, slice));
    Wrote(key, updated);
    held.erase(now);
  }
  for (const json::Object& slice : held) {
    const absl::Status deleted =
        client().Delete(slices_.kind(), Text(slice, {"metadata", "namespace"}), name_of(slice));
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
  }
  return absl::OkStatus();
}

}  // namespace kvplane::controller
