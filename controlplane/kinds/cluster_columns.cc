#include <string>

#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

int64_t SizeOf(const json::Object& object, std::string_view member) {
  const json::Value* value = json::Find(object, member);
  if (value == nullptr) return 0;
  if (value->is_object()) return static_cast<int64_t>(value->get_object().size());
  return value->is_array() ? static_cast<int64_t>(value->get_array().size()) : 0;
}

constexpr Column kNamespaces[] = {
    kNameColumn,
    {"Status", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"status", "phase"}), ""); }},
    kAgeColumn,
};

constexpr Column kConfigMaps[] = {
    kNameColumn,
    {"Data", "string", 0,
     [](const json::Object& object) {
       return json::Value(
           std::to_string(SizeOf(object, "data") + SizeOf(object, "binaryData")).c_str());
     }},
    kAgeColumn,
};

constexpr Column kSecrets[] = {
    kNameColumn,
    {"Type", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"type"}), ""); }},
    {"Data", "string", 0,
     [](const json::Object& object) {
       return json::Value(std::to_string(SizeOf(object, "data")).c_str());
     }},
    kAgeColumn,
};

std::string Modes(const json::Array* modes) {
  std::string out;
  if (modes == nullptr) return out;
  for (const json::Value& mode : *modes) {
    const std::string name = Plain(mode);
    const std::string_view brief = name == "ReadWriteOnce"      ? "RWO"
                                   : name == "ReadOnlyMany"     ? "ROX"
                                   : name == "ReadWriteMany"    ? "RWX"
                                   : name == "ReadWriteOncePod" ? "RWOP"
                                                                : "";
    out.append(out.empty() ? "" : ",").append(brief);
  }
  return out;
}

constexpr Column kVolumes[] = {
    kNameColumn,
    {"Capacity", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "capacity", "storage"}), "");
     }},
    {"Access Modes", "string", 0,
     [](const json::Object& object) {
       return TextCell(Modes(FindArray(object, {"spec", "accessModes"})), "");
     }},
    {"Reclaim Policy", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "persistentVolumeReclaimPolicy"}), "");
     }},
    {"Status", "string", 0,
     [](const json::Object& object) {
       if (Has(object, {"metadata", "deletionTimestamp"})) return json::Value("Terminating");
       return TextCell(Text(object, {"status", "phase"}), "");
     }},
    {"Claim", "string", 0,
     [](const json::Object& object) {
       const std::string name(Text(object, {"spec", "claimRef", "name"}));
       if (name.empty()) return json::Value("");
       return json::Value(
           Concat(Text(object, {"spec", "claimRef", "namespace"}), '/', name).c_str());
     }},
    {"StorageClass", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "storageClassName"}), "");
     }},
    {"VolumeAttributesClass", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "volumeAttributesClassName"}), "<unset>");
     }},
    {"Reason", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"status", "reason"}), ""); }},
    kAgeColumn,
    {"VolumeMode", "string", 1,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "volumeMode"}), "<unset>");
     }},
};

constexpr Column kClaims[] = {
    kNameColumn,
    {"Status", "string", 0,
     [](const json::Object& object) {
       if (Has(object, {"metadata", "deletionTimestamp"})) return json::Value("Terminating");
       return TextCell(Text(object, {"status", "phase"}), "");
     }},
    {"Volume", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "volumeName"}), ""); }},
    {"Capacity", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"status", "capacity", "storage"}), "");
     }},
    {"Access Modes", "string", 0,
     [](const json::Object& object) {
       return TextCell(Modes(FindArray(object, {"status", "accessModes"})), "");
     }},
    {"StorageClass", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "storageClassName"}), "");
     }},
    {"VolumeAttributesClass", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "volumeAttributesClassName"}), "<unset>");
     }},
    kAgeColumn,
    {"VolumeMode", "string", 1,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "volumeMode"}), "<unset>");
     }},
};

constexpr Column kStorageClasses[] = {
    {"Name", "string", 0,
     [](const json::Object& object) {
       const bool standard =
           Text(object, {"metadata", "annotations",
                         "storageclass.kubernetes.io/is-default-class"}) == "true";
       return json::Value(
           Concat(Text(object, {"metadata", "name"}), standard ? " (default)" : "").c_str());
     },
     "name"},
    {"Provisioner", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"provisioner"}), ""); }},
    {"ReclaimPolicy", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"reclaimPolicy"}), ""); }},
    {"VolumeBindingMode", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"volumeBindingMode"}), ""); }},
    {"AllowVolumeExpansion", "string", 0,
     [](const json::Object& object) {
       return json::Value(True(object, {"allowVolumeExpansion"}));
     }},
    kAgeColumn,
};

std::string_view CreatedAt(const json::Object& object) {
  return Text(object, {"metadata", "creationTimestamp"});
}

constexpr Column kRoles[] = {
    kNameColumn,
    {"Created At", "date", 0,
     [](const json::Object& object) { return TextCell(CreatedAt(object), ""); }},
};

json::Value RoleOf(const json::Object& binding) {
  return json::Value(
      Concat(Text(binding, {"roleRef", "kind"}), '/', Text(binding, {"roleRef", "name"})).c_str());
}

std::string Subjects(const json::Object& binding, std::string_view kind) {
  std::string out;
  ForEach(binding, {"subjects"}, [&](const json::Object& subject) {
    if (Text(subject, {"kind"}) != kind) return;
    out.append(out.empty() ? "" : ", ");
    if (kind == "ServiceAccount") out.append(Text(subject, {"namespace"})).append("/");
    out.append(Text(subject, {"name"}));
  });
  return out;
}

constexpr Column kBindings[] = {
    kNameColumn,
    {"Role", "string", 0, RoleOf},
    kAgeColumn,
    {"Users", "string", 1,
     [](const json::Object& object) { return TextCell(Subjects(object, "User"), ""); }},
    {"Groups", "string", 1,
     [](const json::Object& object) { return TextCell(Subjects(object, "Group"), ""); }},
    {"ServiceAccounts", "string", 1,
     [](const json::Object& object) { return TextCell(Subjects(object, "ServiceAccount"), ""); }},
};

json::Value Bound(const json::Object& budget, std::string_view name) {
  const json::Value* value = Find(budget, {"spec", name});
  return TextCell(value == nullptr ? std::string() : Plain(*value), "N/A");
}

constexpr Column kBudgets[] = {
    kNameColumn,
    {"Min Available", "string", 0,
     [](const json::Object& object) { return Bound(object, "minAvailable"); }},
    {"Max Unavailable", "string", 0,
     [](const json::Object& object) { return Bound(object, "maxUnavailable"); }},
    {"Allowed Disruptions", "integer", 0,
     [](const json::Object& object) {
       return json::Value(Integer(object, {"status", "disruptionsAllowed"}));
     }},
    kAgeColumn,
};

// "cpu: 12%/80%, …": a metric's use and its goal.
std::string Metric(const json::Object& metric, const json::Object* current) {
  std::string type(Text(metric, {"type"}));
  if (type != "Resource") return Concat("<unknown>/", type);
  const int64_t goal = Integer(metric, {"resource", "target", "averageUtilization"}, -1);
  const int64_t use = current == nullptr
                          ? -1
                          : Integer(*current, {"resource", "current", "averageUtilization"}, -1);
  return Concat(Text(metric, {"resource", "name"}), ": ", use < 0 ? "<unknown>" : Concat(use, '%'),
                '/',
                goal < 0 ? std::string(Text(metric, {"resource", "target", "averageValue"}))
                         : Concat(goal, '%'));
}

json::Value Metrics(const json::Object& scaler) {
  std::string out;
  size_t index = 0;
  const json::Array* current = FindArray(scaler, {"status", "currentMetrics"});
  ForEach(scaler, {"spec", "metrics"}, [&](const json::Object& metric) {
    const json::Object* now =
        current != nullptr && index < current->size() ? (*current)[index].if_object() : nullptr;
    ++index;
    out.append(out.empty() ? "" : ", ").append(Metric(metric, now));
  });
  return TextCell(out);
}

constexpr Column kScalers[] = {
    kNameColumn,
    {"Reference", "string", 0,
     [](const json::Object& object) {
       return json::Value(Concat(Text(object, {"spec", "scaleTargetRef", "kind"}), '/',
                                 Text(object, {"spec", "scaleTargetRef", "name"}))
                              .c_str());
     }},
    {"Targets", "string", 0, Metrics},
    {"MinPods", "string", 0,
     [](const json::Object& object) {
       return json::Value(std::to_string(Integer(object, {"spec", "minReplicas"}, 1)).c_str());
     }},
    {"MaxPods", "string", 0,
     [](const json::Object& object) {
       return json::Value(Integer(object, {"spec", "maxReplicas"}));
     }},
    {"Replicas", "string", 0,
     [](const json::Object& object) {
       return json::Value(Integer(object, {"status", "currentReplicas"}));
     }},
    kAgeColumn,
};

constexpr Column kLeases[] = {
    kNameColumn,
    {"Holder", "string", 0,
     [](const json::Object& object) {
       return TextCell(Text(object, {"spec", "holderIdentity"}), "");
     }},
    kAgeColumn,
};

constexpr Column kPriorityClasses[] = {
    kNameColumn,
    {"Value", "integer", 0,
     [](const json::Object& object) { return json::Value(Integer(object, {"value"})); }},
    {"Global-Default", "boolean", 0,
     [](const json::Object& object) { return json::Value(True(object, {"globalDefault"})); }},
    kAgeColumn,
    {"PreemptionPolicy", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"preemptionPolicy"}), ""); }},
};

json::Value SigningStatus(const json::Object& request) {
  std::string out;
  ForEach(request, {"status", "conditions"}, [&](const json::Object& condition) {
    out.append(out.empty() ? "" : ",").append(Text(condition, {"type"}));
  });
  if (Has(request, {"status", "certificate"})) out.append(out.empty() ? "" : ",").append("Issued");
  return TextCell(out, "Pending");
}

constexpr Column kSigningRequests[] = {
    kNameColumn,
    kAgeColumn,
    {"SignerName", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "signerName"})); }},
    {"Requestor", "string", 0,
     [](const json::Object& object) { return TextCell(Text(object, {"spec", "username"}), ""); }},
    {"RequestedDuration", "string", 0,
     [](const json::Object& object) {
       if (!Has(object, {"spec", "expirationSeconds"})) return json::Value("<none>");
       const std::chrono::seconds span(Integer(object, {"spec", "expirationSeconds"}));
       return json::Value(HumanDuration(span).c_str());
     }},
    {"Condition", "string", 0, SigningStatus},
};

json::Value ServedByCell(const json::Object& object) {
  const json::Object* service = FindObject(object, {"spec", "service"});
  if (service == nullptr) return "Local";
  return json::Value(
      json::ToBoost(Concat(Text(*service, {"namespace"}), "/", Text(*service, {"name"}))));
}

json::Value AvailableCell(const json::Object& object) {
  json::Value cell = "Unknown";
  ForEach(object, {"status", "conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) != "Available") return;
    const std::string_view status = Text(condition, {"status"});
    cell = json::ToBoost(status == "True" ? std::string(status)
                                          : Concat(status, " (", Text(condition, {"reason"}), ")"));
  });
  return cell;
}

constexpr Column kApiServices[] = {kNameColumn,
                                   {"Service", "string", 0, ServedByCell},
                                   {"Available", "string", 0, AvailableCell},
                                   kAgeColumn};

struct Entry {
  std::string_view group;
  std::string_view plural;
  std::span<const Column> columns;
};

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";

constexpr Entry kEntries[] = {
    {"", "namespaces", kNamespaces},
    {"", "configmaps", kConfigMaps},
    {"", "secrets", kSecrets},
    {"", "persistentvolumes", kVolumes},
    {"", "persistentvolumeclaims", kClaims},
    {"storage.k8s.io", "storageclasses", kStorageClasses},
    {kRbac, "roles", kRoles},
    {kRbac, "clusterroles", kRoles},
    {kRbac, "rolebindings", kBindings},
    {kRbac, "clusterrolebindings", kBindings},
    {"policy", "poddisruptionbudgets", kBudgets},
    {"autoscaling", "horizontalpodautoscalers", kScalers},
    {"coordination.k8s.io", "leases", kLeases},
    {"scheduling.k8s.io", "priorityclasses", kPriorityClasses},
    {"certificates.k8s.io", "certificatesigningrequests", kSigningRequests},
    {"apiregistration.k8s.io", "apiservices", kApiServices},
};

}  // namespace

std::span<const Column> ClusterColumns(const Kind& kind) {
  for (const Entry& entry : kEntries) {
    if (entry.group == kind.group && entry.plural == kind.plural) return entry.columns;
  }
  return {};
}

}  // namespace kvplane::kinds
