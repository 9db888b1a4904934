#include "kinds/status.h"

#include <set>
#include <string>
#include <string_view>

#include "api/quantity.h"
#include "kinds/definition_status.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

// Of the resources that decide it, does a container limit and request any? And all, alike?
struct Asked {
  bool any = false;
  bool guaranteed = true;
};

bool IsPositive(const json::Object& container, std::string_view list, std::string_view resource) {
  const auto quantity = api::Quantity::Parse(Text(container, {"resources", list, resource}));
  return quantity.ok() && quantity->Sign() > 0;
}

void Look(const json::Object& container, Asked& asked) {
  for (const std::string_view resource : {"cpu", "memory"}) {
    const bool limit = IsPositive(container, "limits", resource);
    const bool request = IsPositive(container, "requests", resource);
    asked.any |= limit || request;
    if (!limit) {
      asked.guaranteed = false;
    } else if (request) {
      const auto a = api::Quantity::Parse(Text(container, {"resources", "limits", resource}));
      const auto b = api::Quantity::Parse(Text(container, {"resources", "requests", resource}));
      asked.guaranteed &= *a == *b;
    }
  }
}

std::string_view QosClass(const json::Object& pod) {
  Asked asked;
  for (const std::string_view list : {"initContainers", "containers"}) {
    ForEach(pod, {"spec", list}, [&](const json::Object& container) { Look(container, asked); });
  }
  if (!asked.any) return "BestEffort";
  return asked.guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace

void ResetStatus(const Kind& kind, json::Object& object) {
  if (kind.group == "apiextensions.k8s.io") {
    Set(object, "status",
        json::Object{{"conditions", json::Array()},
                     {"acceptedNames", json::Object{{"plural", ""}, {"kind", ""}}},
                     {"storedVersions", json::Array()}});
    AddStoredVersion(object);
    return;
  }
  if (!kind.has_status) return;
  if (kind.group.empty() && kind.plural == "nodes") return;  // a node tells its status with itself
  Remove(object, "status");
  if (!kind.group.empty()) return;
  if (kind.plural == "pods") {
    const std::string_view qos = QosClass(object);
    Set(object, "status", json::Object{{"phase", "Pending"}, {"qosClass", json::ToBoost(qos)}});
  } else if (kind.plural == "namespaces") {
    Set(object, "status", json::Object{{"phase", "Active"}});
    Set(Child(object, "spec"), "finalizers", json::Array{"kubernetes"});
  } else if (kind.plural == "persistentvolumes") {
    Set(object, "status",
        json::Object{
            {"phase", "Pending"},
            {"lastPhaseTransitionTime", ValueOf(Text(object, {"metadata", "creationTimestamp"}))}});
  } else if (kind.plural == "persistentvolumeclaims") {
    Set(object, "status", json::Object{{"phase", "Pending"}});
  } else if (kind.plural == "services") {
    Set(object, "status", json::Object{{"loadBalancer", json::Object()}});
  }
}

}  // namespace kvplane::kinds
