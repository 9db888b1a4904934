#include "controller/slice_set.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr size_t kMostEndpoints = 100;

json::Array PortsOf(const std::vector<BackendPort>& ports) {
  json::Array list;
  for (const BackendPort& one : ports) {
    json::Object port{{"name", one.name}, {"protocol", one.protocol}, {"port", one.port}};
    if (!one.app_protocol.empty()) port["appProtocol"] = one.app_protocol;
    list.push_back(std::move(port));
  }
  return list;
}

SliceShape ShapeOf(const json::Object& slice) {
  SliceShape shape{.family = std::string(Text(slice, {"addressType"}))};
  kinds::ForEach(slice, {"ports"}, [&](const json::Object& port) {
    shape.ports.push_back({.name = std::string(Text(port, {"name"})),
                           .port = kinds::Integer(port, {"port"}),
                           .protocol = std::string(Text(port, {"protocol"})),
                           .app_protocol = std::string(Text(port, {"appProtocol"}))});
  });
  return shape;
}

std::string_view NameOf(const json::Object& slice) { return Text(slice, {"metadata", "name"}); }

}  // namespace

const Index kByService{
    "service-name", [](const json::Object& slice) {
      return std::vector<std::string>{Concat(Text(slice, {"metadata", "namespace"}), "/",
                                             Text(slice, {"metadata", "labels", kServiceName}))};
    }};

void SliceSet::Add(const SliceShape& shape, json::Object endpoint) {
  std::string identity = identity_(endpoint);
  endpoints_[shape].emplace(std::move(identity), std::move(endpoint));
}

void SliceSet::AddFamily(const std::string& family) {
  const bool any = std::any_of(endpoints_.begin(), endpoints_.end(),
                               [&](const auto& one) { return one.first.family == family; });
  if (!any) endpoints_[{family, {}}];
}

json::Object SliceSet::NewSlice(const SliceShape& shape) const {
  return {{"metadata", json::Object{{"generateName", json::ToBoost(Concat(owner_.name, "-"))},
                                    {"namespace", json::ToBoost(owner_.name_space)},
                                    {"ownerReferences", json::Array{owner_.reference}}}},
          {"addressType", shape.family},
          {"ports", PortsOf(shape.ports)},
          {"endpoints", json::Array()}};
}

// The slices of one shape as they are to be: endpoints stay in the slices where they are, those
// that are new fill what room there is.
void SliceSet::Arrange(const SliceShape& shape, Endpoints endpoints, std::vector<json::Object> held,
                       std::vector<json::Object>& wanted) const {
  for (json::Object& slice : held) {
    json::Array kept;
    kinds::ForEach(slice, {"endpoints"}, [&](const json::Object& endpoint) {
      const auto found = endpoints.find(identity_(endpoint));
      if (found == endpoints.end()) return;
      kept.emplace_back(std::move(found->second));
      endpoints.erase(found);
    });
    slice["endpoints"] = std::move(kept);
  }
  auto slice = held.begin();
  for (auto& [identity, endpoint] : endpoints) {
    while (slice != held.end() && slice->at("endpoints").as_array().size() >= kMostEndpoints) {
      ++slice;
    }
    if (slice == held.end()) slice = held.insert(held.end(), NewSlice(shape));
    slice->at("endpoints").as_array().emplace_back(std::move(endpoint));
  }
  for (json::Object& one : held) {
    if (!one.at("endpoints").as_array().empty()) wanted.push_back(std::move(one));
  }
}

std::vector<json::Object> SliceSet::Wanted(const std::vector<json::Object>& held) {
  std::vector<json::Object> wanted;
  for (auto& [shape, endpoints] : endpoints_) {
    std::vector<json::Object> alike;
    for (const json::Object& slice : held) {
      if (ShapeOf(slice) == shape) alike.push_back(slice);
    }
    if (endpoints.empty()) {
      wanted.push_back(alike.empty() ? NewSlice(shape) : alike.front());
      wanted.back()["endpoints"] = json::Array();
    } else {
      Arrange(shape, std::move(endpoints), std::move(alike), wanted);
    }
  }
  for (json::Object& slice : wanted) {
    json::Object& metadata = kinds::Child(slice, "metadata");
    kinds::Set(metadata, "labels", owner_.labels);
    if (!owner_.annotations.has_value()) continue;
    if (owner_.annotations->empty()) {
      kinds::Remove(metadata, "annotations");
    } else {
      kinds::Set(metadata, "annotations", *owner_.annotations);
    }
  }
  return wanted;
}

absl::Status SliceSet::Write(const Client& client, const kinds::Kind& kind,
                             std::vector<json::Object> held,
                             const std::function<void(const json::Object& slice)>& wrote) {
  for (json::Object& slice : Wanted(held)) {
    const std::string_view name = NameOf(slice);
    if (name.empty()) {
      ASSIGN_OR_RETURN(const json::Object created, client.Create(kind, slice));
      wrote(created);
      continue;
    }
    const auto now = std::find_if(held.begin(), held.end(),
                                  [&](const json::Object& one) { return NameOf(one) == name; });
    ASSIGN_OR_RETURN(const json::Object updated, client.UpdateFrom(kind, *now, slice));
    wrote(updated);
    held.erase(now);
  }
  for (const json::Object& slice : held) {
    const absl::Status deleted =
        client.Delete(kind, Text(slice, {"metadata", "namespace"}), NameOf(slice));
    if (!deleted.ok() && !registry::HasReason(deleted, "NotFound")) return deleted;
  }
  return absl::OkStatus();
}

}  // namespace kvplane::controller
