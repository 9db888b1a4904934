#include "controller/endpoint_slices.h"

#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/slice_set.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr char kManager[] = "endpointslice-controller.k8s.io";
constexpr char kHeadless[] = "service.kubernetes.io/headless";

std::string PodOf(const json::Object& endpoint) {
  return std::string(Text(endpoint, {"targetRef", "uid"}));
}

json::Object LabelsOf(const json::Object& service) {
  json::Object labels;
  if (const json::Object* own = kinds::FindObject(service, {"metadata", "labels"})) labels = *own;
  labels.erase(kHeadless);
  if (IsHeadless(service)) labels[kHeadless] = "";
  labels[kServiceName] = json::ToBoost(Text(service, {"metadata", "name"}));
  labels[kSliceManagedBy] = kManager;
  return labels;
}

SliceOwner OwnerOf(const json::Object& service) {
  const std::string name(Text(service, {"metadata", "name"}));
  return {.name_space = std::string(Text(service, {"metadata", "namespace"})),
          .name = name,
          .reference = {{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"name", name},
                        {"uid", json::ToBoost(Text(service, {"metadata", "uid"}))},
                        {"controller", true},
                        {"blockOwnerDeletion", true}},
          .labels = LabelsOf(service),
          .annotations = std::nullopt};
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
    if (Text(slice, {"metadata", "labels", kSliceManagedBy}) == kManager) {
      queue().Add(kByService.values(slice).front());
    }
  });
}

std::vector<json::Object> EndpointSliceController::SlicesOf(const std::string& key) {
  std::vector<json::Object> slices;
  for (const StoredObjectPtr& stored : slices_.Find(kByService, key)) {
    json::Object slice = stored->Parse();
    if (Text(slice, {"metadata", "labels", kSliceManagedBy}) != kManager ||
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
  SliceSet set(OwnerOf(service), PodOf);
  for (const Backend& backend : backends_.Of(service)) {
    for (const std::string& family : FamiliesOf(service)) {
      const std::string address = backend.Address(family);
      if (!address.empty()) set.Add({family, backend.ports}, Endpoint(backend, address, service));
    }
  }
  for (const std::string& family : FamiliesOf(service)) set.AddFamily(family);
  const absl::Status written = set.Write(client(), slices_.kind(), SlicesOf(key),
                                         [&](const json::Object& slice) { Wrote(key, slice); });
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

}  // namespace kvplane::controller
