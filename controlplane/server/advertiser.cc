#include "server/advertiser.h"

#include <chrono>
#include <map>
#include <set>

#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/informers.h"
#include "kinds/members.h"
#include "registry/failure.h"
#include "registry/stored_form.h"

namespace kvplane::server {
namespace {

namespace json = api::json;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr char kPrefix[] = "/registry/masterleases/";
constexpr char kService[] = "kubernetes";
constexpr int64_t kLifetime = 15;  // seconds
constexpr std::chrono::seconds kPause{5};

json::Array PortsOf(int port) {
  return {json::Object{{"name", "https"}, {"port", port}, {"protocol", "TCP"}}};
}

json::Object Endpoints(const std::map<int, std::vector<std::string>>& by_port) {
  json::Array subsets;
  for (const auto& [port, addresses] : by_port) {
    json::Array list;
    for (const std::string& address : addresses) list.push_back(json::Object{{"ip", address}});
    subsets.push_back(json::Object{{"addresses", std::move(list)}, {"ports", PortsOf(port)}});
  }
  return {
      {"metadata",
       json::Object{{"labels", json::Object{{"endpointslice.kubernetes.io/skip-mirror", "true"}}}}},
      {"subsets", std::move(subsets)}};
}

json::Object Slice(int port, const std::vector<std::string>& addresses) {
  json::Array endpoints;
  for (const std::string& address : addresses) {
    endpoints.push_back(json::Object{{"addresses", json::Array{address.c_str()}},
                                     {"conditions", json::Object{{"ready", true}}}});
  }
  const bool is_v6 = addresses.front().find(':') != std::string::npos;
  return {{"metadata",
           json::Object{{"labels", json::Object{{"kubernetes.io/service-name", kService}}}}},
          {"addressType", is_v6 ? "IPv6" : "IPv4"},
          {"endpoints", std::move(endpoints)},
          {"ports", PortsOf(port)}};
}

}  // namespace

Advertiser::Advertiser(AdvertiserOptions options, kvshim::Store& store, controller::Client client,
                       kvshim::base::Executor& executor)
    : options_(std::move(options)),
      store_(store),
      client_(std::move(client)),
      executor_(executor) {}

absl::Status Advertiser::Start() {
  if (options_.alone) return Tell({{options_.address, options_.port}});
  RETURN_IF_ERROR(Renew());
  Schedule();
  return absl::OkStatus();
}

void Advertiser::Schedule() {
  MutexLock lock(mutex_);
  if (stopped_) return;
  timer_ = executor_.Schedule(kvshim::base::Clock::Real().Now() + kPause, [this] {
    if (const absl::Status status = Renew(); !status.ok()) {
      kvshim::base::Log(kvshim::base::Level::kWarning, "cannot tell where this server is",
                        {{"error", status}});
    }
    Schedule();
  });
}

void Advertiser::Stop() {
  MutexLock lock(mutex_);
  if (std::exchange(stopped_, true)) return;
  executor_.Cancel(timer_);
  if (lease_ == kvshim::kNoLease) return;
  absl::Status status = store_.LeaseRevoke(lease_).status();
  const auto others = Living();
  // The last one's place stays told: it is where it will be again.
  if (status.ok() && others.ok() && !others->empty()) status = Tell(*others);
  if (!status.ok()) {
    kvshim::base::Log(kvshim::base::Level::kWarning, "cannot tell that this server stops",
                      {{"error", status}});
  }
}

absl::Status Advertiser::Renew() {
  MutexLock lock(mutex_);
  if (stopped_) return absl::OkStatus();
  RETURN_IF_ERROR(Hold());
  ASSIGN_OR_RETURN(const std::vector<Place> places, Living());
  return Tell(places);
}

absl::Status Advertiser::Hold() {
  if (lease_ != kvshim::kNoLease) {
    const auto renewed = store_.LeaseKeepAlive(lease_);
    if (renewed.ok() && renewed->ttl > 0) return absl::OkStatus();
    if (!renewed.ok() && !absl::IsNotFound(renewed.status())) return renewed.status();
  }
  ASSIGN_OR_RETURN(const kvshim::LeaseGrantResponse granted, store_.LeaseGrant({.ttl = kLifetime}));
  lease_ = granted.id;
  const json::Object place{{"address", options_.address}, {"port", options_.port}};
  return store_
      .Put({.key = Concat(kPrefix, options_.address, ":", options_.port),
            .value = api::ToJson(place),
            .lease = lease_})
      .status();
}

absl::StatusOr<std::vector<Advertiser::Place>> Advertiser::Living() {
  ASSIGN_OR_RETURN(const kvshim::RangeResponse range,
                   store_.Range({.key = kPrefix, .range_end = registry::RangeEnd(kPrefix)}));
  std::vector<Place> places;
  for (const kvshim::KeyValue& kv : range.kvs) {
    const auto place = api::ParseJson(kv.value());
    if (!place.ok() || !place->is_object()) continue;
    places.emplace_back(kinds::Text(place->get_object(), {"address"}),
                        kinds::Integer(place->get_object(), {"port"}));
  }
  return places;
}

// Servers may listen at different ports: each port has a subset, and a slice, of its own.
absl::Status Advertiser::Tell(const std::vector<Place>& places) {
  std::map<int, std::vector<std::string>> by_port;
  for (const auto& [address, port] : places) by_port[port].push_back(address);
  RETURN_IF_ERROR(Write(controller::BuiltIn("v1", "endpoints"), kService, Endpoints(by_port)));
  const kinds::Kind& slices = controller::BuiltIn("discovery.k8s.io/v1", "endpointslices");
  std::set<std::string> told;
  for (const auto& [port, addresses] : by_port) {
    const std::string name = told.empty() ? kService : Concat(kService, "-", port);
    RETURN_IF_ERROR(Write(slices, name, Slice(port, addresses)));
    told.insert(name);
  }
  return DropSlices(told);
}

absl::Status Advertiser::DropSlices(const std::set<std::string>& told) {
  const kinds::Kind& slices = controller::BuiltIn("discovery.k8s.io/v1", "endpointslices");
  const std::string prefix = registry::KeyOf(slices, "default", Concat(kService, "-"));
  ASSIGN_OR_RETURN(
      const kvshim::RangeResponse range,
      store_.Range({.key = prefix, .range_end = registry::RangeEnd(prefix), .keys_only = true}));
  for (const kvshim::KeyValue& kv : range.kvs) {
    const std::string port(kv.key().substr(prefix.size()));
    const std::string name = Concat(kService, "-", port);
    const bool ours = port.find_first_not_of("0123456789") == std::string::npos;
    if (!ours || told.contains(name)) continue;
    const absl::Status deleted = client_.Delete(slices, "default", name);
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
  }
  return absl::OkStatus();
}

absl::Status Advertiser::Write(const kinds::Kind& kind, std::string_view name,
                               json::Object wanted) {
  json::Object& metadata = kinds::Child(wanted, "metadata");
  metadata["name"] = json::ToBoost(name);
  metadata["namespace"] = "default";
  const auto held = client_.Get(kind, "default", name);
  if (registry::HasReason(held.status(), "NotFound")) {
    const absl::Status created = client_.Create(kind, std::move(wanted)).status();
    return registry::HasReason(created, "AlreadyExists") ? absl::OkStatus() : created;
  }
  RETURN_IF_ERROR(held.status());
  json::Object object = *held;
  for (auto& [member, value] : wanted) {
    if (member != "metadata") object[member] = std::move(value);
  }
  kinds::Child(object, "metadata")["labels"] = metadata.at("labels");
  const absl::Status written = client_.UpdateFrom(kind, *held, std::move(object)).status();
  // Another server tells the same.
  return registry::HasReason(written, "Conflict") ? absl::OkStatus() : written;
}

}  // namespace kvplane::server
