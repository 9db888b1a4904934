#include "kinds/selectable_fields.h"

#include "kinds/definition.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

struct Selectable {
  std::string_view group;
  std::string_view plural;
  std::vector<std::string_view> fields;
};

const std::vector<Selectable>& Table() {
  static const auto* const table = new std::vector<Selectable>{
      {"",
       "pods",
       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"}},
      {"",
       "events",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}},
      {"", "nodes", {"spec.unschedulable"}},
      {"", "secrets", {"type"}},
      {"", "namespaces", {"status.phase"}},
      {"", "services", {"spec.clusterIP", "spec.type"}},
      {"", "replicationcontrollers", {"status.replicas"}},
      {"apps", "replicasets", {"status.replicas"}},
      {"batch", "jobs", {"status.successful"}},
      {"certificates.k8s.io", "certificatesigningrequests", {"spec.signerName"}},
      {"resource.k8s.io", "resourceslices", {"spec.nodeName", "spec.driver"}},
  };
  return *table;
}

const std::vector<std::string_view>& FieldsOfKind(const Kind& kind) {
  static const std::vector<std::string_view> none;
  for (const Selectable& entry : Table()) {
    if (entry.group == kind.group && entry.plural == kind.plural) return entry.fields;
  }
  return none;
}

std::string Print(const json::Value* value, std::string_view field) {
  if (value == nullptr) {
    // What Go prints of an unset bool or number.
    if (field == "spec.hostNetwork" || field == "spec.unschedulable") return "false";
    if (field == "status.replicas" || field == "status.successful") return "0";
    return "";
  }
  if (value->is_string()) return std::string(json::View(value->get_string()));
  return api::ToJson(*value);
}

std::string Value(const json::Object& object, std::string_view field) {
  if (field == "source") {
    const std::string_view component = Text(object, {"source", "component"});
    return std::string(component.empty() ? Text(object, {"reportingComponent"}) : component);
  }
  if (field == "status.successful") field = "status.succeeded";
  return Print(FindPath(object, SplitPath(field)), field);
}

}  // namespace

std::vector<std::string_view> SelectableFields(const Kind& kind) {
  std::vector<std::string_view> fields = {"metadata.name"};
  if (kind.namespaced) fields.push_back("metadata.namespace");
  if (kind.definition != nullptr) {
    const auto& defined = kind.definition->selectable();
    fields.insert(fields.end(), defined.begin(), defined.end());
    return fields;
  }
  const auto& more = FieldsOfKind(kind);
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::vector<std::string> SelectableValues(const Kind& kind, const json::Object& object) {
  std::vector<std::string> values;
  for (const std::string_view field : SelectableFields(kind)) {
    values.push_back(Value(object, field));
  }
  return values;
}

std::string_view StoredField(std::string_view group_version, std::string_view kind,
                             std::string_view field) {
  if (group_version != "events.k8s.io/v1" || kind != "Event") return field;
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"regarding.kind", "involvedObject.kind"},
      {"regarding.namespace", "involvedObject.namespace"},
      {"regarding.name", "involvedObject.name"},
      {"regarding.uid", "involvedObject.uid"},
      {"regarding.apiVersion", "involvedObject.apiVersion"},
      {"regarding.resourceVersion", "involvedObject.resourceVersion"},
      {"regarding.fieldPath", "involvedObject.fieldPath"},
      {"reportingController", "reportingComponent"}};
  for (const auto& [theirs, stored] : kNames) {
    if (field == theirs) return stored;
  }
  return field;
}

}  // namespace kvplane::kinds
