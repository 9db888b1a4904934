#include <string>

#include "api/timestamp.h"
#include "base/strings.h"
#include "kinds/columns.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

const json::Object* PodSpecOf(const json::Object& object) {
  return FindObject(object, {"spec", "template", "spec"});
}

json::Value Containers(const json::Object& object) {
  return ContainerCell(PodSpecOf(object), "name");
}
json::Value Images(const json::Object& object) { return ContainerCell(PodSpecOf(object), "image"); }
json::Value Selector(const json::Object& object) {
  return SelectorCell(FindObject(object, {"spec", "selector"}));
}

json::Value Desired(const json::Object& object) { return Integer(object, {"spec", "replicas"}); }

json::Value ReadyOfDesired(const json::Object& object) {
  return json::Value(Concat(Integer(object, {"status", "readyReplicas"}), '/',
                            Integer(object, {"spec", "replicas"}))
                         .c_str());
}

json::Value Count(const json::Object& object, std::string_view name) {
  return Integer(object, {"status", name});
}

constexpr Column kContainers{"Containers", "string", 1, Containers};
constexpr Column kImages{"Images", "string", 1, Images};
constexpr Column kSelector{"Selector", "string", 1, Selector};

constexpr Column kDeployments[] = {
    kNameColumn,
    {"Ready", "string", 0, ReadyOfDesired},
    {"Up-to-date", "string", 0,
     [](const json::Object& object) { return Count(object, "updatedReplicas"); }},
    {"Available", "string", 0,
     [](const json::Object& object) { return Count(object, "availableReplicas"); }},
    kAgeColumn,
    kContainers,
    kImages,
    kSelector,
};

constexpr Column kReplicaSets[] = {
    kNameColumn,
    {"Desired", "integer", 0, Desired},
    {"Current", "integer", 0, [](const json::Object& object) { return Count(object, "replicas"); }},
    {"Ready", "integer", 0,
     [](const json::Object& object) { return Count(object, "readyReplicas"); }},
    kAgeColumn,
    kContainers,
    kImages,
    kSelector,
};

constexpr Column kControllers[] = {
    kNameColumn,
    {"Desired", "integer", 0, Desired},
    {"Current", "integer", 0, [](const json::Object& object) { return Count(object, "replicas"); }},
    {"Ready", "integer", 0,
     [](const json::Object& object) { return Count(object, "readyReplicas"); }},
    kAgeColumn,
    kContainers,
    kImages,
    {"Selector", "string", 1,
     [](const json::Object& object) {
       return LabelsCell(FindObject(object, {"spec", "selector"}));
     }},
};

constexpr Column kStatefulSets[] = {
    kNameColumn, {"Ready", "string", 0, ReadyOfDesired}, kAgeColumn, kContainers, kImages,
};

json::Value NodeSelector(const json::Object& object) {
  return LabelsCell(FindObject(object, {"spec", "template", "spec", "nodeSelector"}));
}

constexpr Column kDaemonSets[] = {
    kNameColumn,
    {"Desired", "integer", 0,
     [](const json::Object& object) { return Count(object, "desiredNumberScheduled"); }},
    {"Current", "integer", 0,
     [](const json::Object& object) { return Count(object, "currentNumberScheduled"); }},
    {"Ready", "integer", 0,
     [](const json::Object& object) { return Count(object, "numberReady"); }},
    {"Up-to-date", "integer", 0,
     [](const json::Object& object) { return Count(object, "updatedNumberScheduled"); }},
    {"Available", "integer", 0,
     [](const json::Object& object) { return Count(object, "numberAvailable"); }},
    {"Node Selector", "string", 0, NodeSelector},
    kAgeColumn,
    kContainers,
    kImages,
    kSelector,
};

json::Value JobStatus(const json::Object& job) {
  std::string status = "Running";
  ForEach(job, {"status", "conditions"}, [&](const json::Object& condition) {
    const std::string_view type = Text(condition, {"type"});
    if (Text(condition, {"status"}) != "True") return;
    if (type == "Complete" || type == "Failed" || type == "Suspended" || type == "FailureTarget" ||
        type == "SuccessCriteriaMet") {
      status = type;
    }
  });
  if (status == "Running" && Has(job, {"metadata", "deletionTimestamp"})) status = "Terminating";
  return json::Value(status.c_str());
}

json::Value Completions(const json::Object& job) {
  const int64_t done = Integer(job, {"status", "succeeded"});
  if (Has(job, {"spec", "completions"})) {
    return json::Value(Concat(done, '/', Integer(job, {"spec", "completions"})).c_str());
  }
  const int64_t parallel = Integer(job, {"spec", "parallelism"}, 1);
  return json::Value(
      (parallel > 1 ? Concat(done, "/1 of ", parallel) : Concat(done, "/1")).c_str());
}

json::Value JobDuration(const json::Object& job) {
  const auto begin = api::ParseTimestamp(Text(job, {"status", "startTime"}));
  const auto end = api::ParseTimestamp(Text(job, {"status", "completionTime"}));
  if (!begin.ok()) return "";
  if (!end.ok()) return json::Value(Since(Text(job, {"status", "startTime"})).c_str());
  return json::Value(HumanDuration(std::chrono::seconds(end->seconds - begin->seconds)).c_str());
}

constexpr Column kJobs[] = {
    kNameColumn,
    {"Status", "string", 0, JobStatus},
    {"Completions", "string", 0, Completions},
    {"Duration", "string", 0, JobDuration},
    kAgeColumn,
    kContainers,
    kImages,
    kSelector,
};

json::Value LastSchedule(const json::Object& job) {
  const std::string_view time = Text(job, {"status", "lastScheduleTime"});
  return json::Value(time.empty() ? "<none>" : Since(time).c_str());
}

const json::Object* CronPodSpec(const json::Object& job) {
  return FindObject(job, {"spec", "jobTemplate", "spec", "template", "spec"});
}

constexpr Column kCronJobs[] = {
    kNameColumn,
    {"Schedule", "string", 0,
     [](const json::Object& job) { return TextCell(Text(job, {"spec", "schedule"})); }},
    {"Timezone", "string", 0,
     [](const json::Object& job) { return TextCell(Text(job, {"spec", "timeZone"})); }},
    {"Suspend", "boolean", 0,
     [](const json::Object& job) {
       return json::Value(True(job, {"spec", "suspend"}) ? "True" : "False");
     }},
    {"Active", "integer", 0,
     [](const json::Object& job) {
       const json::Array* active = FindArray(job, {"status", "active"});
       return json::Value(active == nullptr ? int64_t{0} : static_cast<int64_t>(active->size()));
     }},
    {"Last Schedule", "string", 0, LastSchedule},
    kAgeColumn,
    {"Containers", "string", 1,
     [](const json::Object& job) { return ContainerCell(CronPodSpec(job), "name"); }},
    {"Images", "string", 1,
     [](const json::Object& job) { return ContainerCell(CronPodSpec(job), "image"); }},
    {"Selector", "string", 1,
     [](const json::Object& job) {
       return SelectorCell(FindObject(job, {"spec", "jobTemplate", "spec", "selector"}));
     }},
};

}  // namespace

std::span<const Column> WorkloadColumns(const Kind& kind) {
  if (kind.plural == "replicationcontrollers" && kind.group.empty()) return kControllers;
  if (kind.group == "apps" && kind.plural == "deployments") return kDeployments;
  if (kind.group == "apps" && kind.plural == "replicasets") return kReplicaSets;
  if (kind.group == "apps" && kind.plural == "statefulsets") return kStatefulSets;
  if (kind.group == "apps" && kind.plural == "daemonsets") return kDaemonSets;
  if (kind.group == "batch" && kind.plural == "jobs") return kJobs;
  if (kind.group == "batch" && kind.plural == "cronjobs") return kCronJobs;
  return {};
}

}  // namespace kvplane::kinds
