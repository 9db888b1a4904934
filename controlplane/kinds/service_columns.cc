#include <set>
#include <string>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void Join(std::string& out, std::string_view piece) {
  out.append(out.empty() ? "" : ",").append(piece);
}

std::string Balancers(const json::Object& object) {
  std::string out;
  ForEach(object, {"status", "loadBalancer", "ingress"}, [&](const json::Object& one) {
    const std::string_view ip = Text(one, {"ip"});
    Join(out, ip.empty() ? Text(one, {"hostname"}) : ip);
  });
  return out;
}

json::Value ExternalAddress(const json::Object& service) {
  const std::string_view type = Text(service, {"spec", "type"});
  std::string out;
  if (const json::Array* addresses = FindArray(service, {"spec", "externalIPs"})) {
    for (const json::Value& address : *addresses) Join(out, Plain(address));
  }
  if (type == "ExternalName") return TextCell(Text(service, {"spec", "externalName"}));
  if (type == "LoadBalancer") {
    const std::string balancers = Balancers(service);
    if (!balancers.empty()) out = out.empty() ? balancers : balancers + "," + out;
    return TextCell(out, "<pending>");
  }
  return TextCell(out);
}

json::Value Ports(const json::Object& service) {
  std::string out;
  ForEach(service, {"spec", "ports"}, [&](const json::Object& port) {
    const int64_t node = Integer(port, {"nodePort"});
    const std::string number = std::to_string(Integer(port, {"port"}));
    Join(out, Concat(node > 0 ? Concat(number, ':', node) : number, '/', Text(port, {"protocol"})));
  });
  return TextCell(out);
}

constexpr Column kServices[] = {
    kNameColumn,
    {"Type", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "type"})); }},
    {"Cluster-IP", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "clusterIP"})); }},
    {"External-IP", "string", 0, ExternalAddress},
    {"Port(s)", "string", 0, Ports},
    kAgeColumn,
    {"Selector", "string", 1,
     [](const json::Object& object) {
       return LabelsCell(FindObject(object, {"spec", "selector"}));
     }},
};

// The first three, and how many more.
std::string Shorten(const std::vector<std::string>& all) {
  std::string out;
  for (size_t i = 0; i < all.size() && i < 3; ++i) Join(out, all[i]);
  if (all.size() > 3) out.append(Concat(" + ", all.size() - 3, " more..."));
  return out;
}

json::Value Endpoints(const json::Object& endpoints) {
  std::vector<std::string> all;
  ForEach(endpoints, {"subsets"}, [&](const json::Object& subset) {
    const json::Array* ports = FindArray(subset, {"ports"});
    ForEach(subset, {"addresses"}, [&](const json::Object& address) {
      const std::string ip(Text(address, {"ip"}));
      if (ports == nullptr) {
        all.push_back(ip);
        return;
      }
      ForEach(subset, {"ports"}, [&](const json::Object& port) {
        all.push_back(Concat(ip, ':', Integer(port, {"port"})));
      });
    });
  });
  return TextCell(Shorten(all));
}

constexpr Column kEndpoints[] = {
    kNameColumn,
    {"Endpoints", "string", 0, Endpoints},
    kAgeColumn,
};

json::Value SlicePorts(const json::Object& slice) {
  std::vector<std::string> all;
  ForEach(slice, {"ports"}, [&](const json::Object& port) {
    all.push_back(Has(port, {"port"}) ? std::to_string(Integer(port, {"port"})) : "*");
  });
  return TextCell(Shorten(all), "<unset>");
}

json::Value SliceAddresses(const json::Object& slice) {
  std::vector<std::string> all;
  ForEach(slice, {"endpoints"}, [&](const json::Object& endpoint) {
    if (const json::Array* addresses = FindArray(endpoint, {"addresses"})) {
      for (const json::Value& address : *addresses) all.push_back(Plain(address));
    }
  });
  return TextCell(Shorten(all), "<unset>");
}

constexpr Column kEndpointSlices[] = {
    kNameColumn,
    {"AddressType", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"addressType"})); }},
    {"Ports", "string", 0, SlicePorts},
    {"Endpoints", "string", 0, SliceAddresses},
    kAgeColumn,
};

json::Value Hosts(const json::Object& ingress) {
  std::vector<std::string> all;
  ForEach(ingress, {"spec", "rules"}, [&](const json::Object& rule) {
    if (!Text(rule, {"host"}).empty()) all.emplace_back(Text(rule, {"host"}));
  });
  return TextCell(Shorten(all), "*");
}

constexpr Column kIngresses[] = {
    kNameColumn,
    {"Class", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "ingressClassName"}));
     }},
    {"Hosts", "string", 0, Hosts},
    {"Address", "string", 0,
     [](const json::Object& object) { return TextCell(Balancers(object), ""); }},
    {"Ports", "string", 0,
     [](const json::Object& object) {
       return json::Value(FindArray(object, {"spec", "tls"}) == nullptr ? "80" : "80, 443");
     }},
    kAgeColumn,
};

constexpr Column kIngressClasses[] = {
    kNameColumn,
    {"Controller", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "controller"})); }},
    {"Parameters", "string", 0,
     [](const json::Object& object) {
       const std::string_view name = Text(object, {"spec", "parameters", "name"});
       const std::string kind(Text(object, {"spec", "parameters", "kind"}));
       return name.empty() ? json::Value("<none>") : json::Value(Concat(kind, '/', name).c_str());
     }},
    kAgeColumn,
};

constexpr Column kNetworkPolicies[] = {
    kNameColumn,
    {"Pod-Selector", "string", 0,
     [](const json::Object& object) {
       return SelectorCell(FindObject(object, {"spec", "podSelector"}));
     }},
    kAgeColumn,
};

}  // namespace

std::span<const Column> ServiceColumns(const Kind& kind) {
  if (kind.group.empty() && kind.plural == "services") return kServices;
  if (kind.group.empty() && kind.plural == "endpoints") return kEndpoints;
  if (kind.group == "discovery.k8s.io") return kEndpointSlices;
  if (kind.group != "networking.k8s.io") return {};
  if (kind.plural == "ingresses") return kIngresses;
  if (kind.plural == "ingressclasses") return kIngressClasses;
  if (kind.plural == "networkpolicies") return kNetworkPolicies;
  return {};
}

}  // namespace kvplane::kinds
