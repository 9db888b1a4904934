// Defaults of what makes pods: deployments, sets, jobs.
#include <string>
#include <string_view>

#include "kinds/defaults_table.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

constexpr DefaultField kFields[] = {
    {"apps.v1.DeploymentSpec", "replicas", "1"},
    {"apps.v1.DeploymentSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.DeploymentSpec", "progressDeadlineSeconds", "600"},
    {"apps.v1.RollingUpdateDeployment", "maxUnavailable", R"("25%")"},
    {"apps.v1.RollingUpdateDeployment", "maxSurge", R"("25%")"},
    {"apps.v1.ReplicaSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "podManagementPolicy", R"("OrderedReady")"},
    {"apps.v1.StatefulSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.StatefulSetSpec", "persistentVolumeClaimRetentionPolicy", "{}"},
    {"apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted", R"("Retain")"},
    {"apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled", R"("Retain")"},
    {"apps.v1.DaemonSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.RollingUpdateDaemonSet", "maxUnavailable", "1"},
    {"apps.v1.RollingUpdateDaemonSet", "maxSurge", "0"},
    {"core.v1.ReplicationControllerSpec", "replicas", "1"},
    {"batch.v1.CronJobSpec", "concurrencyPolicy", R"("Allow")"},
    {"batch.v1.CronJobSpec", "suspend", "false"},
    {"batch.v1.CronJobSpec", "successfulJobsHistoryLimit", "3"},
    {"batch.v1.CronJobSpec", "failedJobsHistoryLimit", "1"},
};

// A strategy rolls, and says how where it does.
void Rolling(json::Object& spec, std::string_view member) {
  json::Object& strategy = Child(spec, member);
  SetDefault(strategy, "type", "RollingUpdate");
  if (Text(strategy, {"type"}) == "RollingUpdate") Child(strategy, "rollingUpdate");
}

void Deployment(json::Object& spec) { Rolling(spec, "strategy"); }
void DaemonSet(json::Object& spec) { Rolling(spec, "updateStrategy"); }

void StatefulSet(json::Object& spec) {
  Rolling(spec, "updateStrategy");
  if (json::Object* rolling = FindObject(spec, {"updateStrategy", "rollingUpdate"})) {
    SetDefault(*rolling, "partition", 0);
  }
  ForEach(spec, {"volumeClaimTemplates"}, [](json::Object& claim) {
    SetDefault(claim, "kind", "PersistentVolumeClaim");
    SetDefault(claim, "apiVersion", "v1");
    SetDefault(Child(claim, "status"), "phase", "Pending");
  });
}

void ReplicationController(json::Object& controller) {
  const json::Object* labels = FindObject(controller, {"spec", "template", "metadata", "labels"});
  if (labels == nullptr || labels->empty()) return;
  const json::Object copy = *labels;
  json::Object& spec = Child(controller, "spec");
  if (FindObject(spec, {"selector"}) == nullptr) Set(spec, "selector", copy);
  json::Object& metadata = Child(controller, "metadata");
  if (FindObject(metadata, {"labels"}) == nullptr) Set(metadata, "labels", copy);
}

// A job selects its pods by its own identity, unless it is told to take the selector given.
void SelectPodsOfJob(json::Object& job, json::Object& spec) {
  const std::string uid(Text(job, {"metadata", "uid"}));
  const std::string name(Text(job, {"metadata", "name"}));
  if (True(spec, {"manualSelector"}) || uid.empty() || Has(spec, {"selector"})) return;
  json::Object& labels = Child(Child(Child(spec, "template"), "metadata"), "labels");
  Set(labels, "batch.kubernetes.io/controller-uid", json::Value(uid.c_str()));
  Set(labels, "batch.kubernetes.io/job-name", json::Value(name.c_str()));
  Set(labels, "controller-uid", json::Value(uid.c_str()));
  Set(labels, "job-name", json::Value(name.c_str()));
  const json::Object copy = labels;
  Set(Child(Child(spec, "selector"), "matchLabels"), "batch.kubernetes.io/controller-uid",
      json::Value(uid.c_str()));
  // What a job that has no labels is found by.
  json::Object& metadata = Child(job, "metadata");
  if (FindObject(metadata, {"labels"}) == nullptr) Set(metadata, "labels", copy);
}

void Job(json::Object& job) {
  json::Object& spec = Child(job, "spec");
  if (!Has(spec, {"completions"}) && !Has(spec, {"parallelism"})) Set(spec, "completions", 1);
  SetDefault(spec, "parallelism", 1);
  SetDefault(spec, "backoffLimit", Has(spec, {"backoffLimitPerIndex"}) ? 2147483647 : 6);
  SetDefault(spec, "completionMode", "NonIndexed");
  SetDefault(spec, "suspend", false);
  SetDefault(spec, "manualSelector", false);
  SetDefault(spec, "podReplacementPolicy",
             Has(spec, {"podFailurePolicy"}) ? "Failed" : "TerminatingOrFailed");
  SelectPodsOfJob(job, spec);
}

constexpr DefaultFunctionOf kFunctions[] = {
    {"apps.v1.DeploymentSpec", Deployment},
    {"apps.v1.DaemonSetSpec", DaemonSet},
    {"apps.v1.StatefulSetSpec", StatefulSet},
    {"core.v1.ReplicationController", ReplicationController},
    {"batch.v1.Job", Job},
};

}  // namespace

std::span<const DefaultField> WorkloadDefaultFields() { return kFields; }
std::span<const DefaultFunctionOf> WorkloadDefaultFunctions() { return kFunctions; }

}  // namespace kvplane::kinds
