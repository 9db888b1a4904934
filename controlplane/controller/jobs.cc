#include "controller/jobs.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"
#include "controller/job_pods.h"
#include "controller/pod_state.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

constexpr int64_t kBurst = 500;
constexpr int64_t kFirstPause = 10;
constexpr int64_t kLongestPause = 600;

bool IsSuspended(const json::Object& job) { return kinds::True(job, {"spec", "suspend"}); }

bool IsTold(const json::Object& job, std::string_view type) {
  const json::Object* status = kinds::FindObject(job, {"status"});
  return status != nullptr && IsConditionTrue(*status, type);
}

}  // namespace

JobController::JobController(Environment& environment)
    : Controller(environment, {.name = "job-controller", .concurrency = 5}),
      jobs_(environment.informers.Of("batch/v1", "jobs")),
      pods_(jobs_, environment.informers.Of("v1", "pods")),
      control_(client(), recorder(), pods_.objects()) {
  jobs_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  pods_.Follow([this](const std::string& job, const Change&) { queue().Add(job); });
}

json::Object& JobController::Work::status() { return kinds::Child(job, "status"); }

absl::Status JobController::Sync(const std::string& key) {
  const StoredObjectPtr stored = jobs_.Get(key);
  if (stored == nullptr) return ReleaseStrays(key);
  RETURN_IF_ERROR(AwaitWritten(key, pods_.objects()));
  const json::Object known = stored->Parse();
  auto newest = client().Get(jobs_.kind(), Text(known, {"metadata", "namespace"}),
                             Text(known, {"metadata", "name"}));
  if (registry::HasReason(newest.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  Work work{.key = key, .before = *newest, .job = *newest};
  const std::string_view manager = Text(work.job, {"spec", "managedBy"});
  if (!manager.empty() && manager != "kubernetes.io/job-controller") return absl::OkStatus();
  if (IsBeingDeleted(work.job)) RETURN_IF_ERROR(ReleaseStrays(key));
  ASSIGN_OR_RETURN(const api::LabelSelector selector, SelectorOf(work.job));
  if (IsTold(work.job, "Complete") || IsTold(work.job, "Failed")) {
    for (const json::Object& pod : pods_.Of(work.job)) {
      if (IsTracked(pod)) RETURN_IF_ERROR(RemoveFinalizer(key, pod));
    }
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(work.pods,
                   pods_.Claim(client(), work.job, selector, {.finalizer = kJobTracking}));
  if (!kinds::Has(work.job, {"status", "startTime"}) && !IsSuspended(work.job)) {
    kinds::Set(work.status(), "startTime", json::ToBoost(environment().wall.Text()));
  }
  Count(work);
  Judge(work);
  absl::Status managed;
  if (work.end.known()) {
    managed = DeletePods(work, std::numeric_limits<int64_t>::max(), false);
  } else {
    if (!IsBeingDeleted(work.job)) managed = Manage(work);
    JudgeCompletion(work);
    Suspend(work);
  }
  RETURN_IF_ERROR(Track(work));
  return IsOfEndingNamespace(managed) ? absl::OkStatus() : managed;
}

// Brings the active pods to their number.
absl::Status JobController::Manage(Work& work) {
  const auto active = static_cast<int64_t>(work.active.size());
  if (IsSuspended(work.job)) return DeletePods(work, active, true);
  const int64_t parallelism = Integer(work.job, {"spec", "parallelism"}, 1);
  int64_t wanted = parallelism;
  if (work.completions >= 0) {
    const int64_t left =
        work.completions - work.succeeded - static_cast<int64_t>(work.failed_indexes.size());
    wanted = std::min(parallelism, std::max<int64_t>(left, 0));
  } else if (work.succeeded > 0) {
    // One has succeeded: the others end as they may.
    wanted = std::min(active, parallelism);
  }
  if (active > wanted) return DeletePods(work, active - wanted, true);
  // Those that are on their way out may have to be gone first.
  const int64_t room = wanted - active - (OnlyReplacesFailed(work.job) ? work.terminating : 0);
  return room > 0 ? CreatePods(work, std::min(room, kBurst)) : absl::OkStatus();
}

absl::Status JobController::CreatePods(Work& work, int64_t count) {
  if (!work.indexed) {
    if (const int64_t pause = BackOff(work, -1); pause > 0) {
      queue().AddAfter(work.key, std::chrono::seconds(pause));
      return absl::OkStatus();
    }
    for (; count > 0; --count) {
      ASSIGN_OR_RETURN(json::Object pod, control_.Create(work.job, PodOf(work.job)));
      Wrote(work.key, pod);
      work.active.push_back(std::move(pod));
    }
    return absl::OkStatus();
  }
  JobIndexes taken = work.succeeded_indexes;
  taken.insert(work.failed_indexes.begin(), work.failed_indexes.end());
  for (const json::Object& pod : work.pods) {
    const bool counts = OnlyReplacesFailed(work.job) ? !IsFinished(pod) : IsActive(pod);
    const auto index = IndexOf(pod, work.completions);
    if (index.has_value() && counts && !control_.IsDeleted(pod)) taken.insert(*index);
  }
  for (int64_t index = 0; index < work.completions && count > 0; ++index) {
    if (taken.contains(index)) continue;
    if (const int64_t pause = BackOff(work, index); pause > 0) {
      queue().AddAfter(work.key, std::chrono::seconds(pause));
      continue;
    }
    json::Object made = PodOf(work.job);
    GiveIndex(work, index, made);
    ASSIGN_OR_RETURN(json::Object pod, control_.Create(work.job, std::move(made)));
    Wrote(work.key, pod);
    work.active.push_back(std::move(pod));
    --count;
  }
  return absl::OkStatus();
}

json::Object JobController::PodOf(const json::Object& job) const {
  json::Object pod = PodFromTemplate(job);
  json::Value& finalizers = kinds::Child(pod, "metadata")["finalizers"];
  if (!finalizers.is_array()) finalizers = json::Array();
  finalizers.get_array().emplace_back(json::ToBoost(kJobTracking));
  return pod;
}

void JobController::GiveIndex(const Work& work, int64_t index, json::Object& pod) const {
  const std::string text = std::to_string(index);
  const std::string host = Concat(Text(work.job, {"metadata", "name"}), "-", index);
  json::Object& metadata = kinds::Child(pod, "metadata");
  kinds::Set(metadata, "generateName", json::ToBoost(host + "-"));
  kinds::Set(kinds::Child(metadata, "annotations"), kCompletionIndex, json::ToBoost(text));
  kinds::Set(kinds::Child(metadata, "labels"), kCompletionIndex, json::ToBoost(text));
  if (kinds::Has(work.job, {"spec", "backoffLimitPerIndex"})) {
    kinds::Set(kinds::Child(metadata, "annotations"), kIndexFailures,
               json::ToBoost(std::to_string(FailuresOfIndex(work.job, work.pods, index).count)));
  }
  json::Object& spec = kinds::Child(pod, "spec");
  kinds::Set(spec, "hostname", json::ToBoost(host));
  const json::Object variable{
      {"name", "JOB_COMPLETION_INDEX"},
      {"valueFrom",
       json::Object{
           {"fieldRef",
            json::Object{
                {"fieldPath", Concat("metadata.labels['", kCompletionIndex, "']").c_str()}}}}}};
  for (const std::string_view list : {"initContainers", "containers"}) {
    kinds::ForEach(spec, {list}, [&](json::Object& container) {
      json::Value& variables = container["env"];
      if (!variables.is_array()) variables = json::Array();
      const auto& all = variables.get_array();
      const bool has = std::any_of(all.begin(), all.end(), [](const json::Value& one) {
        return Text(one.as_object(), {"name"}) == "JOB_COMPLETION_INDEX";
      });
      if (!has) variables.get_array().push_back(variable);
    });
  }
}

// Those that a job needs no longer are not counted: they lose their finalizer before they go.
absl::Status JobController::DeletePods(Work& work, int64_t count, bool uncounted) {
  std::vector<json::Object>& pods = work.active;
  SortForDeletion(
      pods, [](std::string_view) { return int64_t{0}; }, environment().wall.Now().seconds);
  count = std::min(count, static_cast<int64_t>(pods.size()));
  for (; count > 0; --count) {
    if (uncounted) RETURN_IF_ERROR(RemoveFinalizer(work.key, pods.front()));
    RETURN_IF_ERROR(control_.Delete(work.job, pods.front()));
    pods.erase(pods.begin());
    // It is there until its node, or nobody, holds it.
    if (!uncounted) ++work.terminating;
  }
  return absl::OkStatus();
}

int64_t JobController::BackOff(const Work& work, int64_t index) const {
  std::vector<std::pair<int64_t, bool>> ended;  // when, and whether well
  for (const json::Object& pod : work.pods) {
    if (!IsFinished(pod)) continue;
    if (index >= 0 && kinds::Has(work.job, {"spec", "backoffLimitPerIndex"}) &&
        IndexOf(pod, work.completions) != index) {
      continue;
    }
    ended.emplace_back(EndOf(pod), PhaseOf(pod) == "Succeeded");
  }
  std::sort(ended.begin(), ended.end());
  int64_t failures = 0;
  for (auto one = ended.rbegin(); one != ended.rend() && !one->second; ++one) ++failures;
  if (failures == 0) return 0;
  const int64_t pause = std::min(kFirstPause << std::min<int64_t>(failures - 1, 10), kLongestPause);
  return std::max<int64_t>(ended.back().first + pause - environment().wall.Now().seconds, 0);
}

void JobController::Suspend(Work& work) {
  if (work.end.known()) return;
  const json::Object* status = kinds::FindObject(work.before, {"status"});
  const bool was = status != nullptr && IsConditionTrue(*status, "Suspended");
  if (IsSuspended(work.job) && !was) {
    Tell(work, "Suspended", true, "JobSuspended", "Job suspended");
    recorder().Record(work.job, EventType::kNormal, "Suspended", "Job suspended");
  } else if (!IsSuspended(work.job) && was) {
    Tell(work, "Suspended", false, "JobResumed", "Job resumed");
    recorder().Record(work.job, EventType::kNormal, "Resumed", "Job resumed");
    // Its deadline counts from here.
    kinds::Set(work.status(), "startTime", json::ToBoost(environment().wall.Text()));
  }
}

absl::Status JobController::RemoveFinalizer(const std::string& key, const json::Object& pod) {
  const auto released = client().Patch(
      pods_.objects().kind(), Text(pod, {"metadata", "namespace"}), Text(pod, {"metadata", "name"}),
      {{"metadata", json::Object{{"uid", json::ToBoost(Text(pod, {"metadata", "uid"}))},
                                 {"$deleteFromPrimitiveList/finalizers",
                                  json::Array{json::ToBoost(kJobTracking)}}}}});
  if (registry::HasReason(released.status(), "NotFound") ||
      registry::HasReason(released.status(), "Conflict")) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(released.status());
  // Seen with its finalizer once more it would be counted once more.
  Wrote(key, *released);
  return absl::OkStatus();
}

// Of a job that is gone, or going: nobody counts its pods any more, so that they must not wait.
absl::Status JobController::ReleaseStrays(const std::string& key) {
  const size_t slash = key.find('/');
  const std::string name = key.substr(slash + 1);
  const StoredObjectPtr stored = jobs_.Get(key);
  const json::Object job = stored == nullptr ? json::Object() : stored->Parse();
  for (const StoredObjectPtr& object : pods_.objects().List(key.substr(0, slash))) {
    const json::Value* label = json::Find(object->labels(), "batch.kubernetes.io/job-name");
    if (label == nullptr || kinds::Plain(*label) != name) continue;
    const json::Object pod = object->Parse();
    if (IsTracked(pod) && (stored == nullptr || !IsControlledBy(pod, job))) {
      RETURN_IF_ERROR(RemoveFinalizer(key, pod));
    }
  }
  return absl::OkStatus();
}

}  // namespace kvplane::controller
