#include "kinds/allocated.h"

#include <string_view>

#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

int64_t NodePortOf(const json::Object& service, const json::Object& port) {
  int64_t found = 0;
  ForEach(service, {"spec", "ports"}, [&](const json::Object& one) {
    if (Integer(one, {"port"}) == Integer(port, {"port"}) &&
        Text(one, {"protocol"}) == Text(port, {"protocol"})) {
      found = Integer(one, {"nodePort"});
    }
  });
  return found;
}

}  // namespace

bool NeedsClusterAddress(const json::Object& service) {
  return Text(service, {"spec", "type"}) != "ExternalName";
}

bool NeedsNodePorts(const json::Object& service) {
  const std::string_view type = Text(service, {"spec", "type"});
  if (type == "NodePort") return true;
  const json::Value* told = Find(service, {"spec", "allocateLoadBalancerNodePorts"});
  return type == "LoadBalancer" && (told == nullptr || *told != json::Value(false));
}

void KeepAllocated(const Kind& kind, const json::Object& current, json::Object& object) {
  // What was approved must be what was asked for.
  if (kind.plural == "certificatesigningrequests") Set(object, "spec", current.at("spec"));
  if (!kind.group.empty() || kind.plural != "services") return;
  json::Object& spec = Child(object, "spec");
  if (NeedsClusterAddress(object) && NeedsClusterAddress(current) &&
      Text(spec, {"clusterIP"}).empty()) {
    for (const std::string_view name : {"clusterIP", "clusterIPs"}) {
      if (const json::Value* value = Find(current, {"spec", name})) Set(spec, name, *value);
    }
  }
  if (!NeedsNodePorts(object)) return;
  ForEach(spec, {"ports"}, [&](json::Object& port) {
    if (Integer(port, {"nodePort"}) != 0) return;
    const int64_t kept = NodePortOf(current, port);
    if (kept != 0) Set(port, "nodePort", kept);
  });
}

}  // namespace kvplane::kinds
