#include "controller/cron_jobs.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"
#include "controller/pod_control.h"
#include "controller/pod_state.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

// How it ended: "Complete", "Failed", or nothing.
std::string_view EndOf(const json::Object& job) {
  const json::Object* status = kinds::FindObject(job, {"status"});
  if (status == nullptr) return {};
  for (const std::string_view type : {"Complete", "Failed"}) {
    if (IsConditionTrue(*status, type)) return type;
  }
  return {};
}

json::Object ReferenceTo(const json::Object& job) {
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"namespace", json::ToBoost(Text(job, {"metadata", "namespace"}))},
          {"name", json::ToBoost(Text(job, {"metadata", "name"}))},
          {"uid", json::ToBoost(Text(job, {"metadata", "uid"}))},
          {"resourceVersion", json::ToBoost(Text(job, {"metadata", "resourceVersion"}))}};
}

json::Array& ActiveOf(json::Object& cron) {
  json::Value& active = kinds::Child(cron, "status")["active"];
  if (!active.is_array()) active = json::Array();
  return active.get_array();
}

bool Refers(const json::Value& reference, const json::Object& job) {
  return Text(reference.as_object(), {"uid"}) == Text(job, {"metadata", "uid"});
}

}  // namespace

CronJobController::CronJobController(Environment& environment)
    : Controller(environment, {.name = "cronjob-controller", .concurrency = 5}),
      crons_(environment.informers.Of("batch/v1", "cronjobs")),
      jobs_(crons_, environment.informers.Of("batch/v1", "jobs")) {
  crons_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  jobs_.Follow([this](const std::string& cron, const Change&) { queue().Add(cron); });
}

absl::Status CronJobController::Sync(const std::string& key) {
  const StoredObjectPtr stored = crons_.Get(key);
  if (stored == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitWritten(key, jobs_.objects()));
  const json::Object known = stored->Parse();
  auto newest = client().Get(crons_.kind(), Text(known, {"metadata", "namespace"}),
                             Text(known, {"metadata", "name"}));
  if (registry::HasReason(newest.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  const json::Object before = *newest;
  json::Object cron = *std::move(newest);
  const Jobs jobs = jobs_.Of(cron);
  RETURN_IF_ERROR(DeleteOldJobs(cron, jobs));
  LookAfterActive(cron, jobs);
  absl::Status started;
  if (!IsBeingDeleted(cron) && !kinds::True(cron, {"spec", "suspend"})) {
    const std::string_view zone = Text(cron, {"spec", "timeZone"});
    const std::string_view text = Text(cron, {"spec", "schedule"});
    const auto schedule = CronSchedule::Parse(text, zone);
    if (schedule.ok()) {
      started = StartDue(key, cron, *schedule);
    } else if (absl::IsNotFound(schedule.status())) {
      recorder().Record(cron, EventType::kWarning, "UnknownTimeZone",
                        Concat("invalid timeZone: \"", zone,
                               "\": ", kvshim::base::FromAbsl(schedule.status().message())));
    } else {
      recorder().Record(cron, EventType::kWarning, "UnparseableSchedule",
                        Concat("unparseable schedule: \"", text,
                               "\" : ", kvshim::base::FromAbsl(schedule.status().message())));
    }
  }
  if (ActiveOf(cron).empty()) kinds::Remove(kinds::Child(cron, "status"), "active");
  const auto written = client().UpdateFrom(crons_.kind(), before, std::move(cron), "status");
  if (!written.ok() && !registry::HasReason(written.status(), "NotFound")) return written.status();
  return started;
}

absl::Status CronJobController::DeleteOldJobs(const json::Object& cron, const Jobs& jobs) {
  for (const auto& [end, member] : {std::pair("Complete", "successfulJobsHistoryLimit"),
                                    std::pair("Failed", "failedJobsHistoryLimit")}) {
    if (!kinds::Has(cron, {"spec", member})) continue;
    std::vector<const json::Object*> ended;
    for (const json::Object& job : jobs) {
      if (EndOf(job) == end && !IsBeingDeleted(job)) ended.push_back(&job);
    }
    std::stable_sort(ended.begin(), ended.end(), [](const json::Object* a, const json::Object* b) {
      return Text(*a, {"status", "startTime"}) < Text(*b, {"status", "startTime"});
    });
    const int64_t limit = Integer(cron, {"spec", member});
    for (int64_t i = 0; i < static_cast<int64_t>(ended.size()) - limit; ++i) {
      const json::Object& job = *ended[static_cast<size_t>(i)];
      RETURN_IF_ERROR(DeleteJob(cron, std::string(Text(job, {"metadata", "name"}))));
    }
  }
  return absl::OkStatus();
}

absl::Status CronJobController::DeleteJob(const json::Object& cron, const std::string& name) {
  const absl::Status deleted =
      client().Delete(jobs_.objects().kind(), Text(cron, {"metadata", "namespace"}), name,
                      {{"propagationPolicy", "Background"}});
  if (registry::HasReason(deleted, "NotFound")) return absl::OkStatus();
  if (!deleted.ok()) {
    recorder().Record(cron, EventType::kWarning, "FailedDelete",
                      Concat("Deleted job: ", registry::FailureOf(deleted).message));
    return deleted;
  }
  recorder().Record(cron, EventType::kNormal, "SuccessfulDelete", Concat("Deleted job ", name));
  return absl::OkStatus();
}

void CronJobController::LookAfterActive(json::Object& cron, const Jobs& jobs) {
  json::Array& active = ActiveOf(cron);
  for (const json::Object& job : jobs) {
    const std::string_view name = Text(job, {"metadata", "name"});
    const auto entry = std::find_if(active.begin(), active.end(),
                                    [&](const json::Value& one) { return Refers(one, job); });
    const std::string_view end = EndOf(job);
    if (entry == active.end()) {
      if (!end.empty()) continue;
      recorder().Record(cron, EventType::kWarning, "UnexpectedJob",
                        Concat("Saw a job that the controller did not create or forgot: ", name));
      continue;
    }
    if (end.empty()) continue;
    active.erase(entry);
    recorder().Record(cron, EventType::kNormal, "SawCompletedJob",
                      Concat("Saw completed job: ", name, ", condition: ", end));
    const std::string_view time = Text(job, {"status", "completionTime"});
    json::Object& status = kinds::Child(cron, "status");
    if (end == "Complete" && time > Text(status, {"lastSuccessfulTime"})) {
      kinds::Set(status, "lastSuccessfulTime", json::ToBoost(time));
    }
  }
  const auto is_missing = [&](const json::Value& one) {
    const bool there = std::any_of(jobs.begin(), jobs.end(),
                                   [&](const json::Object& job) { return Refers(one, job); });
    if (!there) {
      recorder().Record(cron, EventType::kNormal, "MissingJob",
                        Concat("Active job went missing: ", Text(one.as_object(), {"name"})));
    }
    return !there;
  };
  json::Array& left = ActiveOf(cron);
  left.erase(std::remove_if(left.begin(), left.end(), is_missing), left.end());
}

absl::Status CronJobController::StartDue(const std::string& key, json::Object& cron,
                                         const CronSchedule& schedule) {
  const int64_t now = environment().wall.Now().seconds;
  const int64_t deadline = Integer(cron, {"spec", "startingDeadlineSeconds"}, -1);
  int64_t since = SecondsAt(cron, {"status", "lastScheduleTime"})
                      .value_or(SecondsAt(cron, {"metadata", "creationTimestamp"}).value_or(now));
  if (deadline >= 0) since = std::max(since, now - deadline);
  // Asked anew at the next time.
  if (const auto next = schedule.Next(now)) {
    queue().AddAfter(key, std::chrono::seconds(*next - now) + std::chrono::milliseconds(100));
  }
  const CronSchedule::Missed missed = schedule.MissedBetween(since, now);
  if (missed.many) {
    recorder().Record(cron, EventType::kWarning, "TooManyMissedTimes",
                      "too many missed start times. Set or decrease .spec.startingDeadlineSeconds "
                      "or check clock skew");
  }
  if (!missed.last.has_value()) return absl::OkStatus();
  if (deadline >= 0 && *missed.last + deadline < now) {
    recorder().Record(cron, EventType::kWarning, "MissSchedule",
                      Concat("Missed scheduled time to start a job: ",
                             api::FormatTime({.seconds = *missed.last})));
    return absl::OkStatus();
  }
  const std::string_view policy = Text(cron, {"spec", "concurrencyPolicy"});
  json::Array& active = ActiveOf(cron);
  if (policy == "Forbid" && !active.empty()) {
    recorder().Record(cron, EventType::kNormal, "JobAlreadyActive",
                      "Not starting job because prior execution is running and concurrency policy "
                      "is Forbid");
    return absl::OkStatus();
  }
  if (policy == "Replace") {
    for (const json::Value& reference : active) {
      RETURN_IF_ERROR(DeleteJob(cron, std::string(Text(reference.as_object(), {"name"}))));
    }
    active.clear();
  }
  return StartAt(key, cron, *missed.last);
}

absl::Status CronJobController::StartAt(const std::string& key, json::Object& cron, int64_t time) {
  // A name of its own for each minute: no time is started twice.
  const std::string name = Concat(Text(cron, {"metadata", "name"}), "-", time / 60);
  json::Object metadata{{"name", json::ToBoost(name)},
                        {"namespace", json::ToBoost(Text(cron, {"metadata", "namespace"}))},
                        {"ownerReferences", json::Array{ControllerReference(cron)}}};
  for (const std::string_view member : {"labels", "annotations"}) {
    if (const json::Value* value = kinds::Find(cron, {"spec", "jobTemplate", "metadata", member})) {
      kinds::Set(metadata, member, *value);
    }
  }
  const std::string text = api::FormatTime({.seconds = time});
  kinds::Set(kinds::Child(metadata, "annotations"),
             "batch.kubernetes.io/cronjob-scheduled-timestamp", json::ToBoost(text));
  json::Object job{{"metadata", std::move(metadata)}};
  if (const json::Value* spec = kinds::Find(cron, {"spec", "jobTemplate", "spec"})) {
    job["spec"] = *spec;
  }
  auto created = client().Create(jobs_.objects().kind(), std::move(job));
  if (IsOfEndingNamespace(created.status())) return absl::OkStatus();
  if (registry::HasReason(created.status(), "AlreadyExists")) {
    // Started before, and not written down: where it is ours it may still run.
    created = client().Get(jobs_.objects().kind(), Text(cron, {"metadata", "namespace"}), name);
    RETURN_IF_ERROR(created.status());
    if (!IsControlledBy(*created, cron)) {
      return registry::AlreadyExists(jobs_.objects().kind(), name);
    }
  } else if (!created.ok()) {
    recorder().Record(
        cron, EventType::kWarning, "FailedCreate",
        Concat("Error creating job: ", registry::FailureOf(created.status()).message));
    return created.status();
  } else {
    Wrote(key, *created);
    recorder().Record(cron, EventType::kNormal, "SuccessfulCreate", Concat("Created job ", name));
  }
  json::Array& active = ActiveOf(cron);
  const bool known = std::any_of(active.begin(), active.end(),
                                 [&](const json::Value& one) { return Refers(one, *created); });
  if (!known && EndOf(*created).empty()) active.push_back(ReferenceTo(*created));
  kinds::Set(kinds::Child(cron, "status"), "lastScheduleTime", json::ToBoost(text));
  return absl::OkStatus();
}

}  // namespace kvplane::controller
