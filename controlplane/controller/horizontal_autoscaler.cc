#include "controller/horizontal_autoscaler.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;

constexpr std::chrono::seconds kPeriod{15};

int64_t LeastOf(const json::Object& autoscaler) {
  return kinds::Integer(autoscaler, {"spec", "minReplicas"}, 1);
}

// What asking for a metric fails with: the reason of the condition, and the text.
std::pair<std::string_view, std::string> Missing(const json::Object& metric) {
  const std::string_view type = Text(metric, {"type"});
  constexpr std::string_view kNoResources =
      "unable to fetch metrics from resource metrics API: the server could not find the requested "
      "resource (get pods.metrics.k8s.io)";
  constexpr std::string_view kNoCustom =
      "unable to fetch metrics from custom metrics API: no custom metrics API "
      "(custom.metrics.k8s.io) registered";
  if (type == "Resource" || type == "ContainerResource") {
    const std::string_view member = type == "Resource" ? "resource" : "containerResource";
    const std::string_view name = Text(metric, {member, "name"});
    const bool utilization = Text(metric, {member, "target", "type"}) == "Utilization";
    return {type == "Resource" ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric",
            Concat("failed to get ", name, utilization ? " utilization" : " resource metric value",
                   ": unable to get metrics for resource ", name, ": ", kNoResources)};
  }
  if (type == "External") {
    const std::string_view name = Text(metric, {"external", "metric", "name"});
    return {"FailedGetExternalMetric",
            Concat("unable to get external metric ", name,
                   ": unable to fetch metrics from external metrics API: the server could not find "
                   "the requested resource (get ",
                   name, ".external.metrics.k8s.io)")};
  }
  const bool pods = type == "Pods";
  return {pods ? "FailedGetPodsMetric" : "FailedGetObjectMetric",
          Concat("unable to get metric ",
                 Text(metric, {pods ? "pods" : "object", "metric", "name"}), ": ", kNoCustom)};
}

bool HasScale(const kinds::Served& served) {
  const auto& parts = served.resource->subresources;
  return std::any_of(parts.begin(), parts.end(),
                     [](const api::Subresource& one) { return one.name == "scale"; });
}

}  // namespace

HorizontalAutoscaler::HorizontalAutoscaler(Environment& environment)
    : Controller(environment, {.name = "horizontal-pod-autoscaler", .concurrency = 5}),
      autoscalers_(environment.informers.Of("autoscaling/v2", "horizontalpodautoscalers")) {
  autoscalers_.AddHandler([this](const Change& change) {
    const bool specified =
        change.added() || (!change.deleted() &&
                           kinds::Integer(change.document(), {"metadata", "generation"}) !=
                               kinds::Integer(change.old_document(), {"metadata", "generation"}));
    if (specified) queue().Add(change.key());
  });
}

absl::StatusOr<std::string> HorizontalAutoscaler::ScalePath(const json::Object& autoscaler) const {
  const std::string_view group_version = Text(autoscaler, {"spec", "scaleTargetRef", "apiVersion"});
  const std::string_view kind = Text(autoscaler, {"spec", "scaleTargetRef", "kind"});
  const kinds::Served* served = environment().kinds.FindKind(group_version, kind);
  if (served == nullptr || !HasScale(*served)) {
    return absl::NotFoundError(Concat("no matches for kind \"", kind, "\" in version \"",
                                      group_version, "\" that has a scale"));
  }
  return Concat(group_version.find('/') == std::string_view::npos ? "/api/" : "/apis/",
                group_version, "/namespaces/", Text(autoscaler, {"metadata", "namespace"}), "/",
                served->resource->plural, "/", Text(autoscaler, {"spec", "scaleTargetRef", "name"}),
                "/scale");
}

void HorizontalAutoscaler::Say(json::Object& status, std::string_view type, bool holds,
                               std::string_view reason, std::string_view message) const {
  SetCondition(status,
               {{"type", json::ToBoost(type)},
                {"status", holds ? "True" : "False"},
                {"reason", json::ToBoost(reason)},
                {"message", json::ToBoost(message)}},
               environment().wall.Text());
}

absl::Status HorizontalAutoscaler::Sync(const std::string& key) {
  const StoredObjectPtr known = autoscalers_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  queue().AddAfter(key, kPeriod);
  const json::Object autoscaler = known->Parse();
  if (kinds::Has(autoscaler, {"metadata", "deletionTimestamp"})) return absl::OkStatus();
  json::Object object = autoscaler;
  json::Object& status = kinds::Child(object, "status");
  status["observedGeneration"] = kinds::Integer(autoscaler, {"metadata", "generation"});
  const absl::StatusOr<std::string> path = ScalePath(autoscaler);
  const absl::StatusOr<json::Object> scale =
      path.ok() ? client().Ask("GET", *path, {}) : path.status();
  if (scale.ok()) {
    Say(status, "AbleToScale", true, "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
    Judge(autoscaler, *path, *scale, status);
  } else {
    const std::string why = registry::FailureOf(scale.status()).message;
    recorder().Record(autoscaler, EventType::kWarning, "FailedGetScale", why);
    Say(status, "AbleToScale", false, "FailedGetScale",
        Concat("the HPA controller was unable to get the target's current scale: ", why));
    status.emplace("currentReplicas", 0);
    status.emplace("desiredReplicas", 0);
  }
  const absl::Status written =
      client().UpdateFrom(autoscalers_.kind(), autoscaler, std::move(object), "status").status();
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

void HorizontalAutoscaler::Judge(const json::Object& autoscaler, const std::string& path,
                                 json::Object scale, json::Object& status) {
  const int64_t current = kinds::Integer(scale, {"spec", "replicas"});
  const int64_t least = LeastOf(autoscaler);
  const int64_t most = kinds::Integer(autoscaler, {"spec", "maxReplicas"});
  status["currentReplicas"] = kinds::Integer(scale, {"status", "replicas"});
  status["desiredReplicas"] = current;
  if (current == 0 && least != 0) {
    Say(status, "ScalingActive", false, "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero");
    status["desiredReplicas"] = 0;
  } else if (current > most) {
    Rescale(autoscaler, path, std::move(scale), most,
            "Current number of replicas above Spec.MaxReplicas", status);
  } else if (current < least) {
    Rescale(autoscaler, path, std::move(scale), least,
            "Current number of replicas below Spec.MinReplicas", status);
  } else if (Text(scale, {"status", "selector"}).empty()) {
    constexpr std::string_view kWhy = "the HPA target's scale is missing a selector";
    recorder().Record(autoscaler, EventType::kWarning, "SelectorRequired", std::string(kWhy));
    Say(status, "ScalingActive", false, "InvalidSelector", kWhy);
  } else {
    TellMetricsAreMissing(autoscaler, status);
  }
}

void HorizontalAutoscaler::Rescale(const json::Object& autoscaler, const std::string& path,
                                   json::Object scale, int64_t replicas, std::string_view reason,
                                   json::Object& status) {
  kinds::Child(scale, "spec")["replicas"] = replicas;
  const absl::Status scaled = client().Ask("PUT", path, std::move(scale)).status();
  if (!scaled.ok()) {
    const std::string why = registry::FailureOf(scaled).message;
    recorder().Record(autoscaler, EventType::kWarning, "FailedRescale",
                      Concat("New size: ", replicas, "; reason: ", reason, "; error: ", why));
    Say(status, "AbleToScale", false, "FailedUpdateScale",
        Concat("the HPA controller was unable to update the target scale: ", why));
    return;
  }
  recorder().Record(autoscaler, EventType::kNormal, "SuccessfulRescale",
                    Concat("New size: ", replicas, "; reason: ", reason));
  Say(status, "AbleToScale", true, "SucceededRescale",
      Concat("the HPA controller was able to update the target scale to ", replicas));
  status["desiredReplicas"] = replicas;
  status["lastScaleTime"] = json::ToBoost(environment().wall.Text());
}

void HorizontalAutoscaler::TellMetricsAreMissing(const json::Object& autoscaler,
                                                 json::Object& status) {
  const json::Object* first = nullptr;
  size_t count = 0;
  kinds::ForEach(autoscaler, {"spec", "metrics"}, [&](const json::Object& metric) {
    if (count++ == 0) first = &metric;
  });
  if (first == nullptr) return;
  const auto [reason, why] = Missing(*first);
  recorder().Record(autoscaler, EventType::kWarning, std::string(reason), why);
  recorder().Record(
      autoscaler, EventType::kWarning, "FailedComputeMetricsReplicas",
      Concat("invalid metrics (", count, " invalid out of ", count, "), first error is: ", why));
  Say(status, "ScalingActive", false, reason,
      Concat("the HPA was unable to compute the replica count: ", why));
}

}  // namespace kvplane::controller
