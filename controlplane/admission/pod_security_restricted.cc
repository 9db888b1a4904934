// Restricted: what pods must do beyond the baseline, as good practice has it.
#include <algorithm>
#include <utility>

#include "admission/pod_security_terms.h"

namespace kvplane::admission::pod_security {

namespace {

Found PrivilegeEscalation(const Pod& pod) {
  if (pod.version < 8 || pod.is_windows()) return std::nullopt;
  const auto bad = Bad(pod, [](const json::Object& container) {
    return !kinds::Has(container, {"securityContext", "allowPrivilegeEscalation"}) ||
           kinds::True(container, {"securityContext", "allowPrivilegeEscalation"});
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"allowPrivilegeEscalation != false",
                   Concat(Name(bad), " must set securityContext.allowPrivilegeEscalation=false")};
}

Found UnrestrictedCapabilities(const Pod& pod) {
  if (pod.version < 22 || pod.is_windows()) return std::nullopt;
  const auto keeping = Bad(pod, [](const json::Object& container) {
    const json::Array* drop =
        kinds::FindArray(container, {"securityContext", "capabilities", "drop"});
    return drop == nullptr || std::none_of(drop->begin(), drop->end(), [](const json::Value& one) {
             return kinds::Plain(one) == "ALL";
           });
  });
  Words added;
  const auto adding = Adding(pod, {"NET_BIND_SERVICE"}, added);
  std::vector<std::string> faults;
  if (!keeping.empty()) {
    faults.push_back(Name(keeping) + R"( must set securityContext.capabilities.drop=["ALL"])");
  }
  if (!adding.empty()) {
    faults.push_back(Concat(Name(adding), " must not include ", JoinQuoted(added),
                            " in securityContext.capabilities.add"));
  }
  if (faults.empty()) return std::nullopt;
  return Violation{"unrestricted capabilities", Join(faults, "; ")};
}

Found RestrictedVolumes(const Pod& pod) {
  static const std::set<std::string_view> kAllowed{
      "configMap", "csi",   "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
      "projected", "secret"};
  std::vector<std::string> names;
  Words types;
  kinds::ForEach(pod.spec, {"volumes"}, [&](const json::Object& volume) {
    std::string type = "unknown";
    for (const auto& member : volume) {
      if (member.key() != "name") type = json::View(member.key());
    }
    if (kAllowed.contains(type)) return;
    names.emplace_back(Text(volume, {"name"}));
    types.insert(std::move(type));
  });
  if (names.empty()) return std::nullopt;
  return Violation{"restricted volume types",
                   Concat(Plural(names.size(), "volume", "volumes"), " ", JoinQuoted(names), " ",
                          Plural(names.size(), "uses", "use"), " ",
                          Plural(types.size(), "restricted volume type", "restricted volume types"),
                          " ", JoinQuoted(types))};
}

// Containers that say nothing of `member` themselves.
std::vector<std::string> Silent(const Pod& pod, std::string_view member) {
  return Bad(pod, [&](const json::Object& container) {
    return !kinds::Has(container, {"securityContext", member});
  });
}

Found RunAsNonRoot(const Pod& pod) {
  if (pod.has_own_users()) return std::nullopt;
  const std::string setters = Setters(pod, [](const json::Object& context) {
    return kinds::Has(context, {"runAsNonRoot"}) && !kinds::True(context, {"runAsNonRoot"});
  });
  if (!setters.empty()) {
    return Violation{"runAsNonRoot != true",
                     Concat(setters, " must not set securityContext.runAsNonRoot=false")};
  }
  if (kinds::True(pod.spec, {"securityContext", "runAsNonRoot"})) return std::nullopt;
  const auto silent = Silent(pod, "runAsNonRoot");
  if (silent.empty()) return std::nullopt;
  return Violation{"runAsNonRoot != true",
                   Concat("pod or ", Name(silent), " must set securityContext.runAsNonRoot=true")};
}

Found RunAsUser(const Pod& pod) {
  if (pod.version < 23 || pod.has_own_users()) return std::nullopt;
  const std::string setters = Setters(pod, [](const json::Object& context) {
    return kinds::Has(context, {"runAsUser"}) && kinds::Integer(context, {"runAsUser"}) == 0;
  });
  if (setters.empty()) return std::nullopt;
  return Violation{"runAsUser=0", Concat(setters, " must not set runAsUser=0")};
}

Found RequiredSeccomp(const Pod& pod) {
  if (pod.version < 19 || pod.is_windows()) return std::nullopt;
  if (Found bad = BadSeccomp(pod)) return bad;
  if (kinds::Has(pod.spec, {"securityContext", "seccompProfile"})) return std::nullopt;
  const auto silent = Silent(pod, "seccompProfile");
  if (silent.empty()) return std::nullopt;
  return Violation{"seccompProfile",
                   Concat("pod or ", Name(silent),
                          " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
                          "\"Localhost\"")};
}

constexpr Check kRestricted[] = {PrivilegeEscalation, UnrestrictedCapabilities,
                                 RestrictedVolumes,   RunAsNonRoot,
                                 RunAsUser,           RequiredSeccomp};

}  // namespace

std::span<const Check> RestrictedChecks() { return kRestricted; }

}  // namespace kvplane::admission::pod_security
