#include "controller/ttl_after_finished.h"

#include <chrono>
#include <optional>

#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

// When a job that wants to go is to go, in seconds since 1970.
std::optional<int64_t> End(const json::Object& job) {
  const json::Object* status = kinds::FindObject(job, {"status"});
  if (status == nullptr || !kinds::Has(job, {"spec", "ttlSecondsAfterFinished"}) ||
      kinds::Has(job, {"metadata", "deletionTimestamp"})) {
    return std::nullopt;
  }
  for (const std::string_view type : {"Complete", "Failed"}) {
    if (!IsConditionTrue(*status, type)) continue;
    const auto finished =
        api::ParseTimestamp(Text(*FindCondition(*status, type), {"lastTransitionTime"}));
    if (!finished.ok()) return std::nullopt;
    return finished->seconds + kinds::Integer(job, {"spec", "ttlSecondsAfterFinished"});
  }
  return std::nullopt;
}

}  // namespace

TtlAfterFinishedController::TtlAfterFinishedController(Environment& environment)
    : Controller(environment, {.name = "ttl-after-finished-controller"}),
      jobs_(environment.informers.Of("batch/v1", "jobs")) {
  jobs_.AddHandler([this](const Change& change) {
    if (!change.deleted() && End(change.document()).has_value()) queue().Add(change.key());
  });
}

absl::Status TtlAfterFinishedController::Sync(const std::string& key) {
  const StoredObjectPtr known = jobs_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object job = known->Parse();
  const std::optional<int64_t> end = End(job);
  if (!end.has_value()) return absl::OkStatus();
  const std::chrono::seconds left(*end - environment().wall.Now().seconds);
  if (left > left.zero()) {
    queue().AddAfter(key, left);
    return absl::OkStatus();
  }
  // Where somebody has given it more time meanwhile, its version is another.
  const absl::Status deleted = client().Delete(
      jobs_.kind(), Text(job, {"metadata", "namespace"}), Text(job, {"metadata", "name"}),
      {{"propagationPolicy", "Foreground"},
       {"preconditions",
        json::Object{
            {"uid", json::ToBoost(Text(job, {"metadata", "uid"}))},
            {"resourceVersion", json::ToBoost(Text(job, {"metadata", "resourceVersion"}))}}}});
  return registry::HasReason(deleted, "NotFound") ? absl::OkStatus() : deleted;
}

}  // namespace kvplane::controller
