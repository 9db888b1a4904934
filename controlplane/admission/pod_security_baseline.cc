// The baseline: what no pod may do that is not trusted with its host.
#include <algorithm>

#include "admission/pod_security_terms.h"

namespace kvplane::admission::pod_security {

namespace {

Found AppArmor(const Pod& pod) {
  Words bad;
  std::string setters = Setters(pod, [&](const json::Object& context) {
    if (!kinds::Has(context, {"appArmorProfile"})) return false;
    const std::string_view type = Text(context, {"appArmorProfile", "type"});
    if (type == "RuntimeDefault" || type == "Localhost") return false;
    bad.emplace(type);
    return true;
  });
  std::vector<std::string> values(bad.begin(), bad.end());
  Words annotations;
  if (const json::Object* held = kinds::FindObject(pod.metadata, {"annotations"})) {
    for (const auto& [key, value] : *held) {
      const std::string_view name = json::View(key);
      const std::string text = kinds::Plain(value);
      if (!name.starts_with("container.apparmor.security.beta.kubernetes.io/")) continue;
      if (text.empty() || text == "runtime/default" || text.starts_with("localhost/")) continue;
      annotations.insert(Concat(name, "=", api::Quoted(text)));
    }
  }
  if (!annotations.empty()) {
    values.insert(values.end(), annotations.begin(), annotations.end());
    setters += Concat(setters.empty() ? "" : " and ",
                      Plural(annotations.size(), "annotation", "annotations"));
  }
  if (setters.empty()) return std::nullopt;
  return Violation{std::string(Plural(values.size(), "forbidden AppArmor profile",
                                      "forbidden AppArmor profiles")),
                   Concat(setters, " must not set AppArmor profile type to ", JoinQuoted(values))};
}

Found Capabilities(const Pod& pod) {
  Words added;
  const auto bad =
      Adding(pod,
             {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
              "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"},
             added);
  if (bad.empty()) return std::nullopt;
  return Violation{"non-default capabilities",
                   Concat(Name(bad), " must not include ", JoinQuoted(added),
                          " in securityContext.capabilities.add")};
}

Found HostNamespaces(const Pod& pod) {
  std::vector<std::string> set;
  for (const char* name : {"hostNetwork", "hostPID", "hostIPC"}) {
    if (kinds::True(pod.spec, {name})) set.push_back(std::string(name) + "=true");
  }
  if (set.empty()) return std::nullopt;
  return Violation{"host namespaces", Join(set, ", ")};
}

Found HostPathVolumes(const Pod& pod) {
  std::vector<std::string> bad;
  kinds::ForEach(pod.spec, {"volumes"}, [&](const json::Object& volume) {
    if (volume.contains("hostPath")) bad.emplace_back(Text(volume, {"name"}));
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"hostPath volumes",
                   Concat(Plural(bad.size(), "volume", "volumes"), " ", JoinQuoted(bad))};
}

Found HostPorts(const Pod& pod) {
  Words ports;
  const auto bad = Bad(pod, [&](const json::Object& container) {
    bool uses = false;
    kinds::ForEach(container, {"ports"}, [&](const json::Object& port) {
      const int64_t number = kinds::Integer(port, {"hostPort"});
      if (number == 0) return;
      ports.insert(std::to_string(number));
      uses = true;
    });
    return uses;
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"hostPort",
                   Concat(Name(bad), " ", Plural(bad.size(), "uses", "use"), " ",
                          Plural(ports.size(), "hostPort", "hostPorts"), " ", Join(ports, ", "))};
}

Found ProbeHosts(const Pod& pod) {
  if (pod.version < 34) return std::nullopt;
  Words hosts;
  auto bad = Bad(pod, [&](const json::Object& container) {
    bool uses = false;
    const auto see = [&](const json::Object* handler) {
      if (handler == nullptr) return;
      for (const std::string_view kind : {"httpGet", "tcpSocket"}) {
        const std::string_view host = Text(*handler, {kind, "host"});
        if (host.empty()) continue;
        hosts.emplace(host);
        uses = true;
      }
    };
    for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
      see(kinds::FindObject(container, {probe}));
    }
    for (const std::string_view hook : {"postStart", "preStop"}) {
      see(kinds::FindObject(container, {"lifecycle", hook}));
    }
    return uses;
  });
  if (bad.empty()) return std::nullopt;
  std::sort(bad.begin(), bad.end());
  return Violation{
      "probe or lifecycle host",
      Concat(Name(bad), " ", Plural(bad.size(), "uses", "use"), " ",
             Plural(hosts.size(), "probe or lifecycle host", "probe or lifecycle hosts"), " ",
             JoinQuoted(hosts))};
}

Found Privileged(const Pod& pod) {
  const auto bad = Bad(pod, [](const json::Object& container) {
    return kinds::True(container, {"securityContext", "privileged"});
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"privileged",
                   Concat(Name(bad), " must not set securityContext.privileged=true")};
}

Found ProcMount(const Pod& pod) {
  if (pod.has_own_users()) return std::nullopt;
  Words types;
  const auto bad = Bad(pod, [&](const json::Object& container) {
    const std::string_view type = Text(container, {"securityContext", "procMount"});
    if (type.empty() || type == "Default") return false;
    types.emplace(type);
    return true;
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"procMount", Concat(Name(bad), " must not set securityContext.procMount to ",
                                       JoinQuoted(types))};
}

Found SeLinux(const Pod& pod) {
  Words types;
  bool user = false;
  bool role = false;
  const std::string setters = Setters(pod, [&](const json::Object& context) {
    const json::Object* options = kinds::FindObject(context, {"seLinuxOptions"});
    if (options == nullptr) return false;
    const std::string_view type = Text(*options, {"type"});
    const bool bad_type = !type.empty() && type != "container_t" && type != "container_init_t" &&
                          type != "container_kvm_t" &&
                          (type != "container_engine_t" || pod.version < 31);
    if (bad_type) types.emplace(type);
    const bool bad_user = !Text(*options, {"user"}).empty();
    const bool bad_role = !Text(*options, {"role"}).empty();
    user |= bad_user;
    role |= bad_role;
    return bad_type || bad_user || bad_role;
  });
  if (setters.empty()) return std::nullopt;
  std::vector<std::string> faults;
  if (!types.empty()) {
    faults.push_back(Concat(Plural(types.size(), "type", "types"), " ", JoinQuoted(types)));
  }
  if (user) faults.emplace_back("user may not be set");
  if (role) faults.emplace_back("role may not be set");
  return Violation{
      "seLinuxOptions",
      Concat(setters, " set forbidden securityContext.seLinuxOptions: ", Join(faults, "; "))};
}

// Before 1.19 profiles stood in annotations.
Found SeccompAnnotations(const Pod& pod) {
  Words bad;
  const auto see = [&](const std::string& key) {
    const json::Value* value = kinds::Find(pod.metadata, {"annotations", key});
    if (value == nullptr) return;
    const std::string text = kinds::Plain(*value);
    if (text == "runtime/default" || text == "docker/default" || text.starts_with("localhost/")) {
      return;
    }
    bad.insert(Concat(key, "=", api::Quoted(text)));
  };
  see("seccomp.security.alpha.kubernetes.io/pod");
  ForEachContainer(pod.spec, [&](const json::Object& container) {
    see(Concat("container.seccomp.security.alpha.kubernetes.io/", Text(container, {"name"})));
  });
  if (bad.empty()) return std::nullopt;
  return Violation{
      "seccompProfile",
      Concat("forbidden ", Plural(bad.size(), "annotation", "annotations"), " ", Join(bad, ", "))};
}

Found Seccomp(const Pod& pod) {
  return pod.version < 19 ? SeccompAnnotations(pod) : BadSeccomp(pod);
}

Found Sysctls(const Pod& pod) {
  struct Safe {
    std::string_view name;
    int since;
  };
  static constexpr Safe kSafe[] = {{"kernel.shm_rmid_forced", 0},
                                   {"net.ipv4.ip_local_port_range", 0},
                                   {"net.ipv4.tcp_syncookies", 0},
                                   {"net.ipv4.ping_group_range", 0},
                                   {"net.ipv4.ip_unprivileged_port_start", 0},
                                   {"net.ipv4.ip_local_reserved_ports", 27},
                                   {"net.ipv4.tcp_keepalive_time", 29},
                                   {"net.ipv4.tcp_fin_timeout", 29},
                                   {"net.ipv4.tcp_keepalive_intvl", 29},
                                   {"net.ipv4.tcp_keepalive_probes", 29},
                                   {"net.ipv4.tcp_rmem", 32},
                                   {"net.ipv4.tcp_wmem", 32}};
  std::vector<std::string> bad;
  kinds::ForEach(pod.spec, {"securityContext", "sysctls"}, [&](const json::Object& sysctl) {
    const std::string_view name = Text(sysctl, {"name"});
    const bool safe = std::any_of(std::begin(kSafe), std::end(kSafe), [&](const Safe& one) {
      return one.name == name && pod.version >= one.since;
    });
    if (!safe) bad.emplace_back(name);
  });
  if (bad.empty()) return std::nullopt;
  return Violation{"forbidden sysctls", Join(bad, ", ")};
}

Found WindowsHostProcess(const Pod& pod) {
  const std::string setters = Setters(pod, [](const json::Object& context) {
    return kinds::True(context, {"windowsOptions", "hostProcess"});
  });
  if (setters.empty()) return std::nullopt;
  return Violation{
      "hostProcess",
      Concat(setters, " must not set securityContext.windowsOptions.hostProcess=true")};
}

constexpr BaselineCheck kBaseline[] = {
    {AppArmor},  {Capabilities, 22}, {HostNamespaces}, {HostPathVolumes, 0},
    {HostPorts}, {ProbeHosts},       {Privileged},     {ProcMount},
    {SeLinux},   {Seccomp, 19},      {Sysctls},        {WindowsHostProcess}};

}  // namespace

std::span<const BaselineCheck> BaselineChecks() { return kBaseline; }

}  // namespace kvplane::admission::pod_security
