#include "kinds/conversion.h"

#include <string>
#include <utility>

#include "api/structural_document.h"
#include "kinds/definition.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

void Rename(json::Object& object, std::string_view from, std::string_view to) {
  json::Value* value = json::Find(object, from);
  if (value == nullptr) return;
  json::Value moved = std::move(*value);
  Remove(object, from);
  Set(object, to, std::move(moved));
}

// The same event by the names of its two groups: core's, then events.k8s.io's.
constexpr std::pair<std::string_view, std::string_view> kEventNames[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"reportingComponent", "reportingController"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
};

constexpr std::string_view kMetrics = "autoscaling.alpha.kubernetes.io/metrics";

// The first version knows one metric, the processor's use; the others are kept as an annotation.
void AutoscalerToFirst(json::Object& object) {
  json::Object& spec = Child(object, "spec");
  json::Array others;
  if (const json::Array* found = FindArray(spec, {"metrics"})) {
    const json::Array metrics = *found;
    for (const json::Value& metric : metrics) {
      const json::Object* one = metric.if_object();
      if (one != nullptr && Text(*one, {"resource", "name"}) == "cpu" &&
          Has(*one, {"resource", "target", "averageUtilization"})) {
        Set(spec, "targetCPUUtilizationPercentage",
            Integer(*one, {"resource", "target", "averageUtilization"}));
      } else {
        others.push_back(metric);
      }
    }
  }
  Remove(spec, "metrics");
  Remove(spec, "behavior");
  if (!others.empty()) {
    Set(Child(Child(object, "metadata"), "annotations"), kMetrics,
        json::Value(api::ToJson(others).c_str()));
  }
  if (json::Object* status = FindObject(object, {"status"})) {
    int64_t use = -1;
    ForEach(std::as_const(*status), {"currentMetrics"}, [&](const json::Object& metric) {
      if (Text(metric, {"resource", "name"}) != "cpu") return;
      use = Integer(metric, {"resource", "current", "averageUtilization"});
    });
    if (use >= 0) Set(*status, "currentCPUUtilizationPercentage", use);
    Remove(*status, "currentMetrics");
    Remove(*status, "conditions");
  }
}

void AutoscalerFromFirst(json::Object& object) {
  json::Object& spec = Child(object, "spec");
  json::Array metrics;
  if (json::Object* annotations = FindObject(object, {"metadata", "annotations"})) {
    const auto kept = api::ParseJson(Text(*annotations, {kMetrics}));
    if (kept.ok() && kept->is_array()) metrics = kept->get_array();
    Remove(*annotations, kMetrics);
  }
  if (Has(spec, {"targetCPUUtilizationPercentage"})) {
    metrics.insert(
        metrics.begin(),
        json::Object{
            {"type", "Resource"},
            {"resource",
             {{"name", "cpu"},
              {"target",
               {{"type", "Utilization"},
                {"averageUtilization", Integer(spec, {"targetCPUUtilizationPercentage"})}}}}}});
    Remove(spec, "targetCPUUtilizationPercentage");
  }
  if (!metrics.empty()) Set(spec, "metrics", std::move(metrics));
  if (json::Object* status = FindObject(object, {"status"})) {
    Remove(*status, "currentCPUUtilizationPercentage");
  }
}

}  // namespace

void FromStored(const Kind& kind, std::string_view group_version, json::Object& object) {
  if (group_version == kind.group_version) return;
  Set(object, "apiVersion", json::ToBoost(group_version));
  if (kind.definition != nullptr) {
    api::Prune(kind.version->schema, object);
    api::SetSchemaDefaults(kind.version->schema, object);
  } else if (kind.plural == "events") {
    for (const auto& [core, other] : kEventNames) Rename(object, core, other);
  } else if (group_version == "autoscaling/v1") {
    AutoscalerToFirst(object);
  }
}

void ToStored(const Kind& kind, std::string_view group_version, json::Object& object) {
  if (group_version == kind.group_version) return;
  Set(object, "apiVersion", json::ToBoost(kind.group_version));
  if (kind.definition != nullptr) return;
  if (kind.plural == "events") {
    for (const auto& [core, other] : kEventNames) Rename(object, other, core);
  } else if (group_version == "autoscaling/v1") {
    AutoscalerFromFirst(object);
  }
}

}  // namespace kvplane::kinds
