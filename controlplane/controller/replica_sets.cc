#include "controller/replica_sets.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"
#include "controller/pod_state.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;

// Pods made or deleted at one look; those that are missing then come with the next.
constexpr int64_t kBurst = 500;

}  // namespace

ReplicaSetController::ReplicaSetController(Environment& environment, std::string_view name,
                                           std::string_view group_version, std::string_view plural)
    : Controller(environment, {.name = std::string(name), .concurrency = 5}),
      sets_(environment.informers.Of(group_version, plural)),
      pods_(sets_, environment.informers.Of("v1", "pods")),
      control_(client(), recorder(), pods_.objects()) {
  pods_.objects().AddIndex(kByNode);
  sets_.AddIndex(kByController);
  sets_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  pods_.Follow([this](const std::string& set, const Change&) { queue().Add(set); });
}

absl::Status ReplicaSetController::Sync(const std::string& key) {
  const StoredObjectPtr stored = sets_.Get(key);
  if (stored == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitWritten(key, pods_.objects()));
  const json::Object set = stored->Parse();
  ASSIGN_OR_RETURN(const api::LabelSelector selector, SelectorOf(set));
  ASSIGN_OR_RETURN(const Pods pods, pods_.Claim(client(), set, selector));
  Pods active;
  for (const json::Object& pod : pods) {
    if (IsActive(pod) && !control_.IsDeleted(pod)) active.push_back(pod);
  }
  Outcome outcome;
  if (!IsBeingDeleted(set)) outcome = Manage(key, set, active);
  RETURN_IF_ERROR(WriteStatus(key, set, pods, active, outcome));
  return outcome.status;
}

ReplicaSetController::Outcome ReplicaSetController::Manage(const std::string& key,
                                                           const json::Object& set, Pods active) {
  const int64_t wanted = Integer(set, {"spec", "replicas"}, 1);
  const auto there = static_cast<int64_t>(active.size());
  // One after the other: where one is refused the others would be too, and are not tried.
  for (int64_t i = 0; i < std::min(wanted - there, kBurst); ++i) {
    const auto created = control_.Create(set, PodFromTemplate(set));
    if (IsOfEndingNamespace(created.status())) return {};
    if (!created.ok()) return {"FailedCreate", created.status()};
    Wrote(key, *created);
  }
  if (there <= wanted) {
    if (wanted - there > kBurst) queue().Add(key);
    return {};
  }
  SortForDeletion(
      active, [&](std::string_view node) { return CountNeighbors(set, node); },
      environment().wall.Now().seconds);
  Outcome outcome;
  for (int64_t i = 0; i < std::min(there - wanted, kBurst); ++i) {
    const absl::Status deleted = control_.Delete(set, active[static_cast<size_t>(i)]);
    if (!deleted.ok()) outcome = {"FailedDelete", deleted};
  }
  if (there - wanted > kBurst) queue().Add(key);
  return outcome;
}

// The active pods on the node that belong together: those of all sets of one deployment.
int64_t ReplicaSetController::CountNeighbors(const json::Object& set, std::string_view node) const {
  const json::Object* deployment = ControllerOf(set);
  int64_t count = 0;
  for (const StoredObjectPtr& stored : pods_.objects().Find(kByNode, std::string(node))) {
    const json::Object pod = stored->Parse();
    const json::Object* reference = ControllerOf(pod);
    if (reference == nullptr || !IsActive(pod)) continue;
    if (IsControlledBy(pod, set)) {
      ++count;
    } else if (deployment != nullptr) {
      const StoredObjectPtr other = sets_.Get(kvshim::base::Concat(
          Text(pod, {"metadata", "namespace"}), "/", Text(*reference, {"name"})));
      const json::Object sibling = other == nullptr ? json::Object() : other->Parse();
      const json::Object* its = ControllerOf(sibling);
      count += its != nullptr && Text(*its, {"uid"}) == Text(*deployment, {"uid"}) &&
                       IsControlledBy(pod, sibling)
                   ? 1
                   : 0;
    }
  }
  return count;
}

absl::Status ReplicaSetController::WriteStatus(const std::string& key, const json::Object& set,
                                               const Pods& pods, const Pods& active,
                                               const Outcome& outcome) {
  const int64_t min_ready = Integer(set, {"spec", "minReadySeconds"});
  const int64_t now = environment().wall.Now().seconds;
  api::LabelSelector labels = api::LabelSelector::Nothing();
  if (const json::Object* of = kinds::FindObject(set, {"spec", "template", "metadata", "labels"})) {
    labels = api::LabelSelector::FromLabels(*of);
  }
  int64_t labeled = 0;
  int64_t ready = 0;
  int64_t available = 0;
  for (const json::Object& pod : active) {
    const json::Object* its = kinds::FindObject(pod, {"metadata", "labels"});
    labeled += its != nullptr && labels.Matches(*its) ? 1 : 0;
    ready += IsReady(pod) ? 1 : 0;
    available += IsAvailable(pod, min_ready, now) ? 1 : 0;
  }
  const auto terminating = std::count_if(pods.begin(), pods.end(), IsTerminating);
  const auto edit = [&](json::Object& object) {
    json::Object& status = kinds::Child(object, "status");
    kinds::Set(status, "replicas", static_cast<int64_t>(active.size()));
    kinds::Set(status, "fullyLabeledReplicas", labeled);
    kinds::Set(status, "readyReplicas", ready);
    kinds::Set(status, "availableReplicas", available);
    if (!sets_.kind().group.empty()) kinds::Set(status, "terminatingReplicas", terminating);
    kinds::Set(status, "observedGeneration", Integer(set, {"metadata", "generation"}));
    if (outcome.status.ok()) {
      RemoveCondition(status, "ReplicaFailure");
    } else if (FindCondition(status, "ReplicaFailure") == nullptr) {
      SetCondition(status,
                   {{"type", "ReplicaFailure"},
                    {"status", "True"},
                    {"reason", json::ToBoost(outcome.reason)},
                    {"message", json::ToBoost(registry::FailureOf(outcome.status).message)}},
                   environment().wall.Text());
    }
  };
  const absl::Status written = client()
                                   .Change(sets_.kind(), Text(set, {"metadata", "namespace"}),
                                           Text(set, {"metadata", "name"}), "status", edit)
                                   .status();
  if (ready > available) queue().AddAfter(key, std::chrono::seconds(1));
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
