#include "controller/slice_mirroring.h"

#include <arpa/inet.h>

#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/service_backends.h"
#include "controller/slice_set.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr char kManager[] = "endpointslicemirroring-controller.k8s.io";
constexpr char kSkip[] = "endpointslice.kubernetes.io/skip-mirror";
constexpr char kLeader[] = "control-plane.alpha.kubernetes.io/leader";
constexpr char kOverCapacity[] = "endpoints.kubernetes.io/over-capacity";
constexpr char kTriggered[] = "endpoints.kubernetes.io/last-change-trigger-time";
constexpr char kApplied[] = "kubectl.kubernetes.io/last-applied-configuration";
constexpr size_t kMostOfSubset = 1000;

bool IsOurs(const json::Object& slice) {
  return Text(slice, {"metadata", "labels", kSliceManagedBy}) == kManager;
}

bool IsToBeMirrored(const json::Object& endpoints) {
  return Text(endpoints, {"metadata", "labels", kSkip}) != "true" &&
         !kinds::Has(endpoints, {"metadata", "annotations", kLeader});
}

// Empty for what is no address.
std::string FamilyOf(const std::string& address) {
  in6_addr bytes{};
  if (inet_pton(AF_INET, address.c_str(), &bytes) == 1) return "IPv4";
  return inet_pton(AF_INET6, address.c_str(), &bytes) == 1 ? "IPv6" : "";
}

std::string AddressOf(const json::Object& endpoint) {
  const json::Array* addresses = kinds::FindArray(endpoint, {"addresses"});
  return addresses == nullptr || addresses->empty() ? std::string()
                                                    : kinds::Plain(addresses->front());
}

std::vector<BackendPort> PortsOf(const json::Object& subset) {
  std::vector<BackendPort> ports;
  kinds::ForEach(subset, {"ports"}, [&](const json::Object& port) {
    ports.push_back({.name = std::string(Text(port, {"name"})),
                     .port = kinds::Integer(port, {"port"}),
                     .protocol = std::string(Text(port, {"protocol"})),
                     .app_protocol = std::string(Text(port, {"appProtocol"}))});
  });
  return ports;
}

json::Object EndpointOf(const json::Object& address, bool ready) {
  json::Object endpoint{{"addresses", json::Array{json::ToBoost(Text(address, {"ip"}))}},
                        {"conditions", json::Object{{"ready", ready}}}};
  for (const std::string_view name : {"hostname", "targetRef", "nodeName"}) {
    if (const json::Value* value = json::Find(address, name)) kinds::Set(endpoint, name, *value);
  }
  return endpoint;
}

void AddSubset(const json::Object& subset, SliceSet& set) {
  const std::vector<BackendPort> ports = PortsOf(subset);
  size_t count = 0;
  for (const auto& [list, ready] : {std::pair{"addresses", true}, {"notReadyAddresses", false}}) {
    kinds::ForEach(subset, {list}, [&, ready = ready](const json::Object& address) {
      const std::string family = FamilyOf(std::string(Text(address, {"ip"})));
      if (family.empty() || ++count > kMostOfSubset) return;
      set.Add({family, ports}, EndpointOf(address, ready));
    });
  }
}

SliceOwner OwnerOf(const json::Object& endpoints) {
  const std::string name(Text(endpoints, {"metadata", "name"}));
  SliceOwner owner{.name_space = std::string(Text(endpoints, {"metadata", "namespace"})),
                   .name = name,
                   .reference = {{"apiVersion", "v1"},
                                 {"kind", "Endpoints"},
                                 {"name", name},
                                 {"uid", json::ToBoost(Text(endpoints, {"metadata", "uid"}))},
                                 {"controller", true},
                                 {"blockOwnerDeletion", true}},
                   .labels = {},
                   .annotations = json::Object()};
  if (const json::Object* own = kinds::FindObject(endpoints, {"metadata", "labels"})) {
    owner.labels = *own;
  }
  owner.labels[kServiceName] = name;
  owner.labels[kSliceManagedBy] = kManager;
  if (const json::Object* own = kinds::FindObject(endpoints, {"metadata", "annotations"})) {
    owner.annotations = *own;
  }
  for (const char* const name_of_none : {kOverCapacity, kTriggered, kApplied}) {
    owner.annotations->erase(name_of_none);
  }
  return owner;
}

}  // namespace

SliceMirroringController::SliceMirroringController(Environment& environment)
    : Controller(environment, {.name = "endpointslicemirroring-controller", .concurrency = 5}),
      endpoints_(environment.informers.Of("v1", "endpoints")),
      services_(environment.informers.Of("v1", "services")),
      slices_(environment.informers.Of("discovery.k8s.io/v1", "endpointslices")) {
  slices_.AddIndex(kByService);
  for (Informer* informer : {&endpoints_, &services_}) {
    informer->AddHandler([this](const Change& change) { queue().Add(change.key()); });
  }
  slices_.AddHandler([this](const Change& change) {
    const json::Object& slice = change.document();
    if (IsOurs(slice)) queue().Add(kByService.values(slice).front());
  });
}

std::vector<json::Object> SliceMirroringController::SlicesOf(const std::string& key) const {
  std::vector<json::Object> slices;
  for (const StoredObjectPtr& stored : slices_.Find(kByService, key)) {
    json::Object slice = stored->Parse();
    if (IsOurs(slice) && !kinds::Has(slice, {"metadata", "deletionTimestamp"})) {
      slices.push_back(std::move(slice));
    }
  }
  return slices;
}

absl::Status SliceMirroringController::DeleteSlices(const std::string& key) {
  for (const json::Object& slice : SlicesOf(key)) {
    const absl::Status deleted = client().Delete(
        slices_.kind(), Text(slice, {"metadata", "namespace"}), Text(slice, {"metadata", "name"}));
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
  }
  return absl::OkStatus();
}

absl::Status SliceMirroringController::Sync(const std::string& key) {
  RETURN_IF_ERROR(AwaitWritten(key, slices_));
  const StoredObjectPtr known = endpoints_.Get(key);
  const StoredObjectPtr service = services_.Get(key);
  if (known == nullptr || service == nullptr || HasSelector(service->Parse())) {
    return DeleteSlices(key);
  }
  const json::Object endpoints = known->Parse();
  if (!IsToBeMirrored(endpoints)) return DeleteSlices(key);
  SliceSet set(OwnerOf(endpoints), AddressOf);
  kinds::ForEach(endpoints, {"subsets"},
                 [&](const json::Object& subset) { AddSubset(subset, set); });
  const absl::Status written = set.Write(client(), slices_.kind(), SlicesOf(key),
                                         [&](const json::Object& slice) { Wrote(key, slice); });
  // Nothing can be told in a namespace that goes.
  return registry::HasReason(written, "Forbidden") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
