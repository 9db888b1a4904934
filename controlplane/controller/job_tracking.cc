// What a job's status says: pods counted once, and how the job ends.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"
#include "controller/job_pods.h"
#include "controller/jobs.h"
#include "controller/pod_failure_policy.h"
#include "controller/pod_state.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

// Pods counted at one look, so that the list of their uids stays small.
constexpr size_t kMostUncounted = 500;

std::string UidOf(const json::Object& pod) { return std::string(Text(pod, {"metadata", "uid"})); }

bool Succeeded(const json::Object& pod) { return PhaseOf(pod) == "Succeeded"; }

void SetUids(json::Object& status, std::string_view which, const auto& uids) {
  json::Array list;
  for (const std::string& uid : uids) list.emplace_back(json::ToBoost(uid));
  json::Object& all = kinds::Child(status, "uncountedTerminatedPods");
  if (list.empty()) {
    kinds::Remove(all, which);
  } else {
    kinds::Set(all, which, std::move(list));
  }
}

}  // namespace

JobController::Uids JobController::Uncounted(const json::Object& job, std::string_view which) {
  Uids uids;
  if (const json::Array* list =
          kinds::FindArray(job, {"status", "uncountedTerminatedPods", which})) {
    for (const json::Value& uid : *list) uids.insert(kinds::Plain(uid));
  }
  return uids;
}

void JobController::Tell(Work& work, std::string_view type, bool is_true, std::string_view reason,
                         std::string_view message) {
  const json::Object* known = FindCondition(work.status(), type);
  // Said again it would only be written again.
  if (known != nullptr && Text(*known, {"status"}) == (is_true ? "True" : "False") &&
      Text(*known, {"reason"}) == reason) {
    return;
  }
  const std::string now = environment().wall.Text();
  SetCondition(work.status(),
               {{"type", json::ToBoost(type)},
                {"status", is_true ? "True" : "False"},
                {"lastProbeTime", json::ToBoost(now)},
                {"reason", json::ToBoost(reason)},
                {"message", json::ToBoost(message)}},
               now);
}

// What is counted in the status, what is about to be, and what has ended since.
void JobController::Count(Work& work) const {
  const json::Object& job = work.job;
  work.completions = Integer(job, {"spec", "completions"}, -1);
  work.indexed = Text(job, {"spec", "completionMode"}) == "Indexed";
  const Uids succeeded = Uncounted(job, "succeeded");
  const Uids failed = Uncounted(job, "failed");
  work.succeeded = Integer(job, {"status", "succeeded"}) + static_cast<int64_t>(succeeded.size());
  work.failed = Integer(job, {"status", "failed"}) + static_cast<int64_t>(failed.size());
  if (work.indexed) {
    work.succeeded_indexes =
        ReadIndexes(Text(job, {"status", "completedIndexes"}), work.completions);
    work.failed_indexes = ReadIndexes(Text(job, {"status", "failedIndexes"}), work.completions);
  }
  for (const json::Object& pod : work.pods) {
    if (IsActive(pod) && !control_.IsDeleted(pod)) work.active.push_back(pod);
    work.terminating += IsTerminating(pod) ? 1 : 0;
    if (!IsTracked(pod) || succeeded.contains(UidOf(pod)) || failed.contains(UidOf(pod))) continue;
    const auto index = IndexOf(pod, work.completions);
    if (Succeeded(pod)) {
      ++work.succeeded;
      if (index.has_value()) work.succeeded_indexes.insert(*index);
    } else if (HasFailed(job, pod) && (!work.indexed || index.has_value()) &&
               JudgeFailure(job, pod).action != PodFailure::Action::kIgnore) {
      ++work.failed;
    }
  }
  if (work.indexed) work.succeeded = static_cast<int64_t>(work.succeeded_indexes.size());
  if (work.indexed && kinds::Has(job, {"spec", "backoffLimitPerIndex"})) CountIndexFailures(work);
}

void JobController::CountIndexFailures(Work& work) const {
  const int64_t limit = Integer(work.job, {"spec", "backoffLimitPerIndex"});
  JobIndexes seen;
  for (const json::Object& pod : work.pods) {
    const auto index = IndexOf(pod, work.completions);
    if (!index.has_value() || !HasFailed(work.job, pod) || !seen.insert(*index).second) continue;
    if (work.succeeded_indexes.contains(*index)) continue;
    const IndexFailures failures = FailuresOfIndex(work.job, work.pods, *index);
    if (failures.given_up || failures.count > limit) work.failed_indexes.insert(*index);
  }
}

// Whether the job has to end before all its pods succeeded.
void JobController::Judge(Work& work) {
  const json::Object& job = work.job;
  for (const auto& [told, type] :
       {std::pair("FailureTarget", "Failed"), std::pair("SuccessCriteriaMet", "Complete")}) {
    const json::Object* condition = FindCondition(work.status(), told);
    if (condition == nullptr || Text(*condition, {"status"}) != "True") continue;
    work.end = {type, std::string(Text(*condition, {"reason"})),
                std::string(Text(*condition, {"message"}))};
    return;
  }
  for (const json::Object& pod : work.pods) {
    if (!IsTracked(pod) || !HasFailed(job, pod)) continue;
    PodFailure failure = JudgeFailure(job, pod);
    if (failure.action != PodFailure::Action::kFailJob) continue;
    work.end = {"Failed", "PodFailurePolicy", std::move(failure.message)};
    return;
  }
  int64_t restarts = 0;
  if (Text(job, {"spec", "template", "spec", "restartPolicy"}) == "OnFailure") {
    for (const json::Object& pod : work.active) {
      for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
        kinds::ForEach(pod, {"status", list}, [&](const json::Object& container) {
          restarts += Integer(container, {"restartCount"});
        });
      }
    }
  }
  const int64_t limit = Integer(job, {"spec", "backoffLimit"}, 6);
  // With a limit of 0 the first restart is too many, else the one that reaches it.
  if (work.failed > limit || (restarts > 0 && restarts >= limit)) {
    work.end = {"Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"};
    return;
  }
  const auto started = SecondsAt(job, {"status", "startTime"});
  const bool suspended = kinds::True(job, {"spec", "suspend"});
  if (kinds::Has(job, {"spec", "activeDeadlineSeconds"}) && started.has_value() && !suspended) {
    const int64_t left = *started + Integer(job, {"spec", "activeDeadlineSeconds"}) -
                         environment().wall.Now().seconds;
    if (left <= 0) {
      work.end = {"Failed", "DeadlineExceeded", "Job was active longer than specified deadline"};
      return;
    }
    queue().AddAfter(work.key, std::chrono::seconds(left));
  }
  std::string message;
  if (MatchesSuccessPolicy(work, message)) {
    work.end = {"Complete", "SuccessPolicy", std::move(message)};
    return;
  }
  if (kinds::Has(job, {"spec", "maxFailedIndexes"}) &&
      static_cast<int64_t>(work.failed_indexes.size()) >
          Integer(job, {"spec", "maxFailedIndexes"})) {
    work.end = {"Failed", "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes"};
  }
}

bool JobController::MatchesSuccessPolicy(const Work& work, std::string& message) const {
  const json::Array* rules = kinds::FindArray(work.job, {"spec", "successPolicy", "rules"});
  if (rules == nullptr || !work.indexed) return false;
  for (size_t i = 0; i < rules->size(); ++i) {
    const json::Object& rule = (*rules)[i].as_object();
    JobIndexes wanted = work.succeeded_indexes;
    int64_t count = Integer(rule, {"succeededCount"}, -1);
    if (kinds::Has(rule, {"succeededIndexes"})) {
      wanted = ReadIndexes(Text(rule, {"succeededIndexes"}), work.completions);
      if (count < 0) count = static_cast<int64_t>(wanted.size());
    }
    const auto met = std::count_if(wanted.begin(), wanted.end(), [&](int64_t index) {
      return work.succeeded_indexes.contains(index);
    });
    if (count < 0 || met < count) continue;
    message = Concat("Matched rules at index ", i);
    return true;
  }
  return false;
}

// Whether all pods that the job asks for have succeeded, or no more can.
void JobController::JudgeCompletion(Work& work) const {
  const auto failed = static_cast<int64_t>(work.failed_indexes.size());
  bool complete = false;
  if (work.completions < 0) {
    complete = work.succeeded > 0 && work.active.empty();
  } else {
    complete = work.succeeded + failed >= work.completions && work.active.empty();
  }
  if (!complete) return;
  if (failed > 0) {
    work.end = {"Failed", "FailedIndexes", "Job has failed indexes"};
  } else {
    work.end = {"Complete", "CompletionsReached", "Reached expected number of succeeded pods"};
  }
}

absl::Status JobController::Track(Work& work) {
  json::Object& status = work.status();
  Uids succeeded = Uncounted(work.job, "succeeded");
  Uids failed = Uncounted(work.job, "failed");
  JobIndexes indexes =
      ReadIndexes(Text(work.job, {"status", "completedIndexes"}), work.completions);
  std::vector<const json::Object*> ended;
  bool more = false;
  const bool fails = work.end.type == "Failed";
  for (const json::Object& pod : work.pods) {
    if (!IsTracked(pod)) continue;
    const bool has_failed = HasFailed(work.job, pod);
    const auto index = IndexOf(pod, work.completions);
    const bool of_no_index = work.indexed && !index.has_value();
    // Every pod of a job that ends is at its end.
    if (!has_failed && !Succeeded(pod) && !work.end.known() && !of_no_index &&
        !IsBeingDeleted(work.job)) {
      continue;
    }
    if (succeeded.size() + failed.size() >= kMostUncounted) {
      more = true;
      break;
    }
    ended.push_back(&pod);
    const std::string uid = UidOf(pod);
    if (of_no_index || succeeded.contains(uid) || failed.contains(uid)) continue;
    if (Succeeded(pod)) {
      if (work.indexed) {
        indexes.insert(*index);
      } else {
        succeeded.insert(uid);
      }
    } else if ((has_failed || fails) &&
               JudgeFailure(work.job, pod).action != PodFailure::Action::kIgnore) {
      failed.insert(uid);
    }
  }
  const auto ready = std::count_if(work.active.begin(), work.active.end(), IsReady);
  kinds::Set(status, "active", static_cast<int64_t>(work.active.size()));
  kinds::Set(status, "ready", static_cast<int64_t>(ready));
  kinds::Set(status, "terminating", work.terminating);
  if (work.indexed) {
    kinds::Set(status, "succeeded", static_cast<int64_t>(indexes.size()));
    kinds::Set(status, "completedIndexes", json::ToBoost(TextOf(indexes)));
    if (kinds::Has(work.job, {"spec", "backoffLimitPerIndex"})) {
      kinds::Set(status, "failedIndexes", json::ToBoost(TextOf(work.failed_indexes)));
    }
  }
  SetUids(status, "succeeded", succeeded);
  SetUids(status, "failed", failed);
  if (work.end.known()) {
    Tell(work, work.end.type == "Failed" ? "FailureTarget" : "SuccessCriteriaMet", true,
         work.end.reason, work.end.message);
  }
  RETURN_IF_ERROR(WriteStatus(work));
  for (const json::Object* pod : ended) {
    RETURN_IF_ERROR(RemoveFinalizer(work.key, *pod));
    // A pod that waited for nothing else is gone with it.
    if (IsTerminating(*pod) && Text(*pod, {"spec", "nodeName"}).empty()) --work.terminating;
  }
  json::Object& after = work.status();
  const auto add = [&](std::string_view name, size_t count) {
    kinds::Set(after, name, Integer(after, {name}) + static_cast<int64_t>(count));
  };
  if (!work.indexed) add("succeeded", succeeded.size());
  add("failed", failed.size());
  SetUids(after, "succeeded", Uids());
  SetUids(after, "failed", Uids());
  kinds::Set(after, "terminating", std::max<int64_t>(work.terminating, 0));
  if (work.end.known() && !more && work.active.empty() && work.terminating <= 0) Conclude(work);
  if (more) queue().Add(work.key);
  return WriteStatus(work);
}

void JobController::Conclude(Work& work) {
  const bool complete = work.end.type == "Complete";
  Tell(work, work.end.type, true, work.end.reason, work.end.message);
  if (complete) {
    kinds::Set(work.status(), "completionTime", json::ToBoost(environment().wall.Text()));
    recorder().Record(work.job, EventType::kNormal, "Completed", "Job completed");
  } else {
    recorder().Record(work.job, EventType::kWarning, work.end.reason, work.end.message);
  }
}

absl::Status JobController::WriteStatus(Work& work) {
  auto written = client().UpdateFrom(jobs_.kind(), work.before, work.job, "status");
  if (registry::HasReason(written.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(written.status());
  work.before = *written;
  work.job = *std::move(written);
  return absl::OkStatus();
}

}  // namespace kvplane::controller
