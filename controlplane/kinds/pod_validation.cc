#include <set>
#include <string>
#include <utility>

#include "api/json_equal.h"
#include "api/quantity.h"
#include "base/strings.h"
#include "kinds/metadata_validation.h"
#include "kinds/spec_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void RequireName(const json::Object& object, const std::string& field, std::set<std::string>& names,
                 FieldErrors& errors) {
  const std::string name(Text(object, {"name"}));
  if (name.empty()) {
    errors.push_back(Required(field + ".name", ""));
  } else if (const auto faults = api::CheckDns1123Label(name); !faults.empty()) {
    AddFaults(field + ".name", json::Value(name.c_str()), faults, errors);
  } else if (!names.insert(name).second) {
    errors.push_back(Duplicate(field + ".name", json::Value(name.c_str())));
  }
}

void Choice(const json::Object& object, std::string_view name, const std::string& field,
            const std::vector<std::string_view>& choices, FieldErrors& errors) {
  const std::string_view value = Text(object, {name});
  for (const std::string_view choice : choices) {
    if (value == choice) return;
  }
  errors.push_back(NotSupported(Concat(field, '.', name), json::ToBoost(value), choices));
}

void Port(int64_t number, const std::string& field, FieldErrors& errors) {
  if (number < 1 || number > 65535) {
    errors.push_back(Invalid(field, number, "must be between 1 and 65535, inclusive"));
  }
}

void Ports(const json::Object& container, const std::string& field, FieldErrors& errors) {
  size_t index = 0;
  ForEach(container, {"ports"}, [&](const json::Object& port) {
    const std::string at = Concat(field, ".ports[", index++, "]");
    if (!Has(port, {"containerPort"}) || Integer(port, {"containerPort"}) == 0) {
      errors.push_back(Required(at + ".containerPort", ""));
    } else {
      Port(Integer(port, {"containerPort"}), at + ".containerPort", errors);
    }
    if (Has(port, {"hostPort"})) Port(Integer(port, {"hostPort"}), at + ".hostPort", errors);
    Choice(port, "protocol", at, {"SCTP", "TCP", "UDP"}, errors);
  });
}

void Environment(const json::Object& container, const std::string& field, FieldErrors& errors) {
  size_t index = 0;
  ForEach(container, {"env"}, [&](const json::Object& variable) {
    const std::string at = Concat(field, ".env[", index++, "]");
    if (Text(variable, {"name"}).empty()) errors.push_back(Required(at + ".name", ""));
    if (!Text(variable, {"value"}).empty() && Has(variable, {"valueFrom"})) {
      errors.push_back(
          Invalid(at + ".valueFrom", "", "may not be specified when `value` is not empty"));
    }
  });
}

// No list of resources has less than none of one.
void NoneNegative(const json::Object& container, std::string_view list, const std::string& field,
                  FieldErrors& errors) {
  const json::Object* quantities = FindObject(container, {"resources", list});
  if (quantities == nullptr) return;
  for (const auto& member : *quantities) {
    const auto quantity = api::Quantity::Parse(Plain(member.value()));
    if (!quantity.ok() || quantity->Sign() >= 0) continue;
    errors.push_back(Invalid(Concat(field, ".resources.", list, "[", json::View(member.key()), "]"),
                             member.value(), "must be greater than or equal to 0"));
  }
}

void Resources(const json::Object& container, const std::string& field, FieldErrors& errors) {
  NoneNegative(container, "limits", field, errors);
  NoneNegative(container, "requests", field, errors);
  const json::Object* requests = FindObject(container, {"resources", "requests"});
  if (requests == nullptr) return;
  for (const auto& request : *requests) {
    const std::string_view name = json::View(request.key());
    const auto limit = api::Quantity::Parse(Text(container, {"resources", "limits", name}));
    const auto asked = api::Quantity::Parse(Plain(request.value()));
    if (limit.ok() && asked.ok() && *asked > *limit) {
      errors.push_back(
          Invalid(field + ".resources.requests", request.value(),
                  Concat("must be less than or equal to ", name, " limit of ", limit->ToString())));
    }
  }
}

void Mounts(const json::Object& container, const std::string& field,
            const std::set<std::string>& volumes, FieldErrors& errors) {
  size_t index = 0;
  ForEach(container, {"volumeMounts"}, [&](const json::Object& mount) {
    const std::string at = Concat(field, ".volumeMounts[", index++, "]");
    const std::string name(Text(mount, {"name"}));
    if (name.empty()) {
      errors.push_back(Required(at + ".name", ""));
    } else if (!volumes.contains(name)) {
      errors.push_back(NotFound(at + ".name", json::Value(name.c_str())));
    }
    if (Text(mount, {"mountPath"}).empty()) errors.push_back(Required(at + ".mountPath", ""));
  });
}

// A pod's specification is fixed but for a few fields; both are compared with those alike.
json::Object WithoutMutable(const json::Object& pod) {
  json::Object spec;
  if (const json::Object* found = FindObject(pod, {"spec"})) spec = *found;
  for (const std::string_view name :
       {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates",
        "nodeName", "ephemeralContainers", "nodeSelector", "affinity"}) {
    Remove(spec, name);
  }
  for (const std::string_view list : {"containers", "initContainers"}) {
    ForEach(spec, {list}, [](json::Object& container) {
      Remove(container, "image");
      Remove(container, "resources");
    });
  }
  return spec;
}

}  // namespace

void ValidatePodSpec(const json::Object& spec, const std::string& field, FieldErrors& errors) {
  std::set<std::string> volumes;
  size_t index = 0;
  ForEach(spec, {"volumes"}, [&](const json::Object& volume) {
    RequireName(volume, Concat(field, ".volumes[", index++, "]"), volumes, errors);
  });
  const json::Array* containers = FindArray(spec, {"containers"});
  if (containers == nullptr || containers->empty()) {
    errors.push_back(Required(field + ".containers", ""));
  }
  std::set<std::string> names;
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"}) {
    index = 0;
    ForEach(spec, {list}, [&](const json::Object& container) {
      const std::string at = Concat(field, '.', list, '[', index++, ']');
      RequireName(container, at, names, errors);
      if (Text(container, {"image"}).empty()) errors.push_back(Required(at + ".image", ""));
      Choice(container, "imagePullPolicy", at, {"Always", "IfNotPresent", "Never"}, errors);
      Ports(container, at, errors);
      Environment(container, at, errors);
      Resources(container, at, errors);
      Mounts(container, at, volumes, errors);
    });
  }
  Choice(spec, "restartPolicy", field, {"Always", "OnFailure", "Never"}, errors);
  Choice(spec, "dnsPolicy", field, {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
         errors);
}

void ValidatePod(const json::Object& object, const json::Object* current, FieldErrors& errors) {
  static const json::Object kNone;
  const json::Object* spec = FindObject(object, {"spec"});
  ValidatePodSpec(spec == nullptr ? kNone : *spec, "spec", errors);
  if (current == nullptr) return;
  const std::string_view node = Text(*current, {"spec", "nodeName"});
  const bool moved = !node.empty() && node != Text(object, {"spec", "nodeName"});
  if (moved ||
      !api::JsonEqual(json::Value(WithoutMutable(object)), json::Value(WithoutMutable(*current)))) {
    errors.push_back(Forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
        "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
        "set to 1 if it was previously negative)"));
  }
}

}  // namespace kvplane::kinds
