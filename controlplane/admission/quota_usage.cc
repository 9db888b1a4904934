#include "admission/quota_usage.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "admission/lookup.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using api::Quantity;
using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kOfClass = ".storageclass.storage.k8s.io/";
constexpr std::string_view kCount = "count/";

// Kinds that may be counted by their bare name as well.
constexpr std::string_view kBare[] = {"pods",          "services", "persistentvolumeclaims",
                                      "configmaps",    "secrets",  "replicationcontrollers",
                                      "resourcequotas"};

bool IsBare(std::string_view name) {
  return std::find(std::begin(kBare), std::end(kBare), name) != std::end(kBare);
}

bool IsStandard(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
}

// The names under which what containers ask for counts.
void AddCompute(const Amounts& requests, const Amounts& limits, Amounts& usage) {
  for (const auto& [name, amount] : requests) {
    if (IsStandard(name) || name.starts_with("hugepages-")) usage[name] += amount;
    usage["requests." + name] += amount;
  }
  for (const auto& [name, amount] : limits) {
    if (IsStandard(name)) usage["limits." + name] += amount;
  }
}

void AddPod(const json::Object& pod, Amounts& usage) {
  const json::Object* spec = kinds::FindObject(pod, {"spec"});
  if (spec != nullptr)
    AddCompute(PodAmounts(*spec, "requests"), PodAmounts(*spec, "limits"), usage);
}

void AddService(const json::Object& service, Amounts& usage) {
  const std::string_view type = Text(service, {"spec", "type"});
  const json::Array* ports = kinds::FindArray(service, {"spec", "ports"});
  int64_t node_ports = 0;
  if (ports != nullptr && type == "NodePort") node_ports = static_cast<int64_t>(ports->size());
  if (ports != nullptr && type == "LoadBalancer") {
    const json::Value* allocate = kinds::Find(service, {"spec", "allocateLoadBalancerNodePorts"});
    const bool all = allocate == nullptr || !allocate->is_bool() || allocate->get_bool();
    for (const json::Value& port : *ports) {
      const json::Object* one = port.if_object();
      if (all || (one != nullptr && kinds::Integer(*one, {"nodePort"}) != 0)) ++node_ports;
    }
  }
  usage.emplace("services.nodeports", Quantity(node_ports));
  usage.emplace("services.loadbalancers", Quantity(type == "LoadBalancer" ? 1 : 0));
}

void AddClaim(const json::Object& claim, Amounts& usage) {
  std::string_view name = Text(claim, {"spec", "storageClassName"});
  if (name.empty()) {
    name = Text(claim, {"metadata", "annotations", "volume.beta.kubernetes.io/storage-class"});
  }
  if (!name.empty()) {
    usage.emplace(Concat(name, kOfClass, "persistentvolumeclaims"), Quantity(1));
  }
  const Amounts requests = AmountsOf(claim, {"spec", "resources", "requests"});
  const auto storage = requests.find("storage");
  if (storage == requests.end()) return;
  usage.emplace("requests.storage", storage->second);
  if (!name.empty()) usage.emplace(Concat(name, kOfClass, "requests.storage"), storage->second);
}

bool IsOver(const json::Object& pod) {
  const std::string_view phase = Text(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

bool ReachesOtherNamespaces(const json::Object& pod) {
  bool reaches = false;
  const auto see = [&](const json::Object& term) {
    const json::Array* named = kinds::FindArray(term, {"namespaces"});
    reaches |= (named != nullptr && !named->empty()) || term.contains("namespaceSelector");
  };
  for (const std::string_view which : {"podAffinity", "podAntiAffinity"}) {
    kinds::ForEach(
        pod, {"spec", "affinity", which, "requiredDuringSchedulingIgnoredDuringExecution"}, see);
    kinds::ForEach(pod,
                   {"spec", "affinity", which, "preferredDuringSchedulingIgnoredDuringExecution"},
                   [&](const json::Object& weighted) {
                     const json::Object* term = kinds::FindObject(weighted, {"podAffinityTerm"});
                     if (term != nullptr) see(*term);
                   });
  }
  return reaches;
}

// One of a quota's scopes, of either form.
struct Scope {
  std::string name;
  std::string op = "Exists";
  std::vector<std::string> values;
};

bool MatchesClass(const Scope& scope, std::string_view given) {
  const bool among =
      std::find(scope.values.begin(), scope.values.end(), given) != scope.values.end();
  if (scope.op == "In") return !given.empty() && among;
  if (scope.op == "NotIn") return !among;
  if (scope.op == "DoesNotExist") return given.empty();
  return !given.empty();
}

bool Matches(const Scope& scope, const kinds::Kind& kind, const json::Object& object) {
  if (kind.plural == "persistentvolumeclaims") {
    return scope.name == "VolumeAttributesClass" &&
           MatchesClass(scope, Text(object, {"spec", "volumeAttributesClassName"}));
  }
  if (kind.plural != "pods") return false;
  const bool bounded = kinds::Has(object, {"spec", "activeDeadlineSeconds"});
  const bool best_effort = Text(object, {"status", "qosClass"}) == "BestEffort";
  if (scope.name == "Terminating") return bounded;
  if (scope.name == "NotTerminating") return !bounded;
  if (scope.name == "BestEffort") return best_effort;
  if (scope.name == "NotBestEffort") return !best_effort;
  if (scope.name == "PriorityClass") {
    return MatchesClass(scope, Text(object, {"spec", "priorityClassName"}));
  }
  return scope.name == "CrossNamespacePodAffinity" && ReachesOtherNamespaces(object);
}

std::vector<Scope> ScopesOf(const json::Object& quota) {
  std::vector<Scope> scopes;
  if (const json::Array* names = kinds::FindArray(quota, {"spec", "scopes"})) {
    for (const json::Value& name : *names) scopes.push_back({.name = kinds::Plain(name)});
  }
  kinds::ForEach(quota, {"spec", "scopeSelector", "matchExpressions"},
                 [&](const json::Object& one) {
                   Scope scope{.name = std::string(Text(one, {"scopeName"})),
                               .op = std::string(Text(one, {"operator"}))};
                   if (const json::Array* values = kinds::FindArray(one, {"values"})) {
                     for (const json::Value& value : *values)
                       scope.values.push_back(kinds::Plain(value));
                   }
                   scopes.push_back(std::move(scope));
                 });
  return scopes;
}

}  // namespace

Amounts UsageOf(const kinds::Kind& kind, const json::Object& object) {
  Amounts usage;
  const bool core = kind.group.empty();
  if (core && kind.plural == "pods" && IsOver(object)) return usage;
  usage.emplace(Concat(kCount, kind.Qualified()), Quantity(1));
  if (!core) return usage;
  if (IsBare(kind.plural)) usage.emplace(kind.plural, Quantity(1));
  if (kind.plural == "pods") AddPod(object, usage);
  if (kind.plural == "services") AddService(object, usage);
  if (kind.plural == "persistentvolumeclaims") AddClaim(object, usage);
  return usage;
}

bool IsInScope(const json::Object& quota, const kinds::Kind& kind, const json::Object& object) {
  const auto scopes = ScopesOf(quota);
  return std::all_of(scopes.begin(), scopes.end(),
                     [&](const Scope& scope) { return Matches(scope, kind, object); });
}

std::string Unspecified(const Amounts& hard, const json::Object& pod) {
  static constexpr std::string_view kBinding[] = {
      "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"};
  std::map<std::string, std::set<std::string>> missing;
  for (const std::string_view list : {"containers", "initContainers"}) {
    kinds::ForEach(pod, {"spec", list}, [&](const json::Object& container) {
      Amounts given;
      AddCompute(AmountsOf(container, {"resources", "requests"}),
                 AmountsOf(container, {"resources", "limits"}), given);
      for (const std::string_view name : kBinding) {
        if (!hard.contains(name) || given.contains(name)) continue;
        missing[std::string(name)].emplace(Text(container, {"name"}));
      }
    });
  }
  std::string out;
  for (const auto& [name, containers] : missing) {
    out += Concat(out.empty() ? "must specify " : "; ", name, " for: ");
    std::string names;
    for (const std::string& one : containers) names.append(names.empty() ? "" : ",").append(one);
    out += names;
  }
  return out;
}

const kinds::Kind* KindCounted(std::string_view resource, const kinds::Kinds& kinds) {
  if (resource.starts_with(kCount)) {
    resource.remove_prefix(kCount.size());
    for (const kinds::Kind& kind : kinds.kinds()) {
      if (kind.namespaced && kind.Qualified() == resource) return &kind;
    }
    return nullptr;
  }
  if (IsBare(resource)) return &BuiltIn("v1", resource);
  if (resource.starts_with("services.")) return &BuiltIn("v1", "services");
  if (resource == "requests.storage" || resource.find(kOfClass) != std::string_view::npos) {
    return &BuiltIn("v1", "persistentvolumeclaims");
  }
  return &BuiltIn("v1", "pods");
}

}  // namespace kvplane::admission
