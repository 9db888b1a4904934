#include <set>
#include <string>

#include "base/strings.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

constexpr size_t kMostDataBytes = size_t{1} << 20;

void ValidateServicePorts(const json::Object& spec, FieldErrors& errors) {
  std::set<std::string> names;
  const json::Array* ports = FindArray(spec, {"ports"});
  size_t index = 0;
  ForEach(spec, {"ports"}, [&](const json::Object& port) {
    const std::string at = Concat("spec.ports[", index++, "]");
    const int64_t number = Integer(port, {"port"});
    if (number < 1 || number > 65535) {
      errors.push_back(Invalid(at + ".port", number, "must be between 1 and 65535, inclusive"));
    }
    const std::string name(Text(port, {"name"}));
    if (name.empty() && ports->size() > 1) {
      errors.push_back(Required(at + ".name", ""));
    } else if (!name.empty() && !names.insert(name).second) {
      errors.push_back(Duplicate(at + ".name", json::Value(name.c_str())));
    }
    const std::string_view protocol = Text(port, {"protocol"});
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
      errors.push_back(
          NotSupported(at + ".protocol", json::ToBoost(protocol), {"SCTP", "TCP", "UDP"}));
    }
  });
}

void ValidateData(const json::Object& object, std::initializer_list<std::string_view> members,
                  FieldErrors& errors) {
  size_t bytes = 0;
  for (const std::string_view member : members) {
    const json::Object* data = FindObject(object, {member});
    if (data == nullptr) continue;
    for (const auto& entry : *data) {
      const std::string_view key = json::View(entry.key());
      bytes += Plain(entry.value()).size();
      AddFaults(Concat(member, '[', key, ']'), json::Value(entry.key()),
                api::CheckConfigMapKey(key), errors);
    }
  }
  if (bytes > kMostDataBytes * 4 / 3) {
    errors.push_back({"FieldValueTooLong", "[]",
                      Concat("Too long: may not be more than ", kMostDataBytes, " bytes")});
  }
}

// What is marked immutable stays as it is, mark included.
void ValidateImmutable(const json::Object& object, const json::Object* current,
                       std::initializer_list<std::string_view> members, FieldErrors& errors) {
  if (current == nullptr || !True(*current, {"immutable"})) return;
  if (!True(object, {"immutable"})) {
    errors.push_back(Forbidden("immutable", "field is immutable when `immutable` is set"));
  }
  for (const std::string_view member : members) {
    FieldErrors changed;
    ValidateSame(object, current, {member}, std::string(member), kImmutable, changed);
    if (changed.empty()) continue;
    errors.push_back(Forbidden(std::string(member), "field is immutable when `immutable` is set"));
  }
}

}  // namespace

void ValidateService(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  static const json::Object kNone;
  const json::Object* found = FindObject(object, {"spec"});
  const json::Object& spec = found == nullptr ? kNone : *found;
  const std::string_view type = Text(spec, {"type"});
  const json::Array* ports = FindArray(spec, {"ports"});
  if (type != "ClusterIP" && type != "NodePort" && type != "LoadBalancer" &&
      type != "ExternalName") {
    errors.push_back(NotSupported("spec.type", json::ToBoost(type),
                                  {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}));
  }
  if (type == "ExternalName") {
    if (Text(spec, {"externalName"}).empty()) errors.push_back(Required("spec.externalName", ""));
  } else if ((ports == nullptr || ports->empty()) && Text(spec, {"clusterIP"}) != "None") {
    errors.push_back(Required("spec.ports", ""));
  }
  ValidateServicePorts(spec, errors);
  if (const json::Object* selector = FindObject(spec, {"selector"})) {
    ValidateLabels(*selector, "spec.selector", errors);
  }
  const std::string_view before =
      current == nullptr ? std::string_view() : Text(*current, {"spec", "clusterIP"});
  if (!before.empty() && type != "ExternalName" &&
      Text(*current, {"spec", "type"}) != "ExternalName") {
    ValidateSame(object, current, {"spec", "clusterIP"}, "spec.clusterIPs[0]",
                 "may not change once set", errors);
  }
}

void ValidateConfigMap(const json::Object& object, const json::Object* current,
                       FieldErrors& errors) {
  ValidateData(object, {"data", "binaryData"}, errors);
  ValidateImmutable(object, current, {"data", "binaryData"}, errors);
}

void ValidateSecret(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  ValidateData(object, {"data"}, errors);
  ValidateSame(object, current, {"type"}, "type", kImmutable, errors);
  ValidateImmutable(object, current, {"data"}, errors);
  const std::string_view type = Text(object, {"type"});
  const auto need = [&](std::string_view key) {
    if (!Has(object, {"data", key})) errors.push_back(Required(Concat("data[", key, "]"), ""));
  };
  if (type == "kubernetes.io/tls") {
    need("tls.crt");
    need("tls.key");
  } else if (type == "kubernetes.io/dockerconfigjson") {
    need(".dockerconfigjson");
  } else if (type == "kubernetes.io/ssh-auth") {
    need("ssh-privatekey");
  }
}

void ValidatePersistentVolumeClaim(const json::Object& object, const json::Object*,
                                   FieldErrors& errors) {
  const json::Array* modes = FindArray(object, {"spec", "accessModes"});
  if (modes == nullptr || modes->empty()) {
    errors.push_back(Required("spec.accessModes", "at least 1 access mode is required"));
  }
  if (!Has(object, {"spec", "resources", "requests", "storage"})) {
    errors.push_back(Required("spec.resources[storage]", ""));
  }
}

void ValidateIngress(const json::Object& object, const json::Object*, FieldErrors& errors) {
  const json::Array* rules = FindArray(object, {"spec", "rules"});
  if ((rules == nullptr || rules->empty()) && !Has(object, {"spec", "defaultBackend"})) {
    errors.push_back(
        Invalid("spec", json::Value(), "either `defaultBackend` or `rules` must be specified"));
  }
  size_t index = 0;
  ForEach(object, {"spec", "rules"}, [&](const json::Object& rule) {
    const std::string rule_field = Concat("spec.rules[", index++, "]");
    const std::string field = rule_field + ".http.paths";
    const std::string_view host = Text(rule, {"host"});
    const json::Value host_value(json::ToBoost(host));
    if (!host.empty()) {
      const size_t wildcard = host.starts_with("*.") ? 2 : 0;
      AddFaults(rule_field + ".host", host_value, api::CheckDns1123Subdomain(host.substr(wildcard)),
                errors);
    }
    size_t path_index = 0;
    ForEach(rule, {"http", "paths"}, [&](const json::Object& path) {
      const std::string at = Concat(field, '[', path_index++, ']');
      const std::string_view type = Text(path, {"pathType"});
      if (type.empty()) {
        errors.push_back(Required(at + ".pathType", "pathType must be specified"));
      } else if (type != "Exact" && type != "Prefix" && type != "ImplementationSpecific") {
        errors.push_back(NotSupported(at + ".pathType", json::ToBoost(type),
                                      {"Exact", "ImplementationSpecific", "Prefix"}));
      }
    });
  });
}

void ValidateRole(const json::Object& object, const json::Object*, FieldErrors& errors) {
  size_t index = 0;
  ForEach(object, {"rules"}, [&](const json::Object& rule) {
    const std::string at = Concat("rules[", index++, "]");
    if (!Has(rule, {"verbs"}) || FindArray(rule, {"verbs"})->empty()) {
      errors.push_back(Required(at + ".verbs", "verbs must contain at least one value"));
    }
    if (FindArray(rule, {"nonResourceURLs"}) != nullptr) return;
    if (FindArray(rule, {"apiGroups"}) == nullptr) {
      errors.push_back(
          Required(at + ".apiGroups", "resource rules must supply at least one api group"));
    }
    if (FindArray(rule, {"resources"}) == nullptr) {
      errors.push_back(
          Required(at + ".resources", "resource rules must supply at least one resource"));
    }
  });
}

void ValidateBinding(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  if (Text(object, {"roleRef", "name"}).empty()) {
    errors.push_back(Required("roleRef.name", ""));
  }
  const std::string_view kind = Text(object, {"roleRef", "kind"});
  if (kind != "Role" && kind != "ClusterRole") {
    errors.push_back(NotSupported("roleRef.kind", json::ToBoost(kind), {"ClusterRole", "Role"}));
  }
  ValidateSame(object, current, {"roleRef"}, "roleRef", "cannot change roleRef", errors);
  size_t index = 0;
  ForEach(object, {"subjects"}, [&](const json::Object& subject) {
    const std::string at = Concat("subjects[", index++, "]");
    if (Text(subject, {"name"}).empty()) errors.push_back(Required(at + ".name", ""));
    if (Text(subject, {"kind"}) == "ServiceAccount" && Text(subject, {"namespace"}).empty() &&
        Text(object, {"metadata", "namespace"}).empty()) {
      errors.push_back(Required(at + ".namespace", ""));
    }
  });
}

}  // namespace kvplane::kinds
