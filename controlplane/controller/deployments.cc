#include "controller/deployments.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "controller/controller_reference.h"
#include "controller/deployment_status.h"
#include "controller/pod_control.h"
#include "controller/pod_state.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

std::string_view NameOf(const json::Object& object) { return Text(object, {"metadata", "name"}); }
std::string_view NamespaceOf(const json::Object& object) {
  return Text(object, {"metadata", "namespace"});
}

bool IsOlder(const json::Object& a, const json::Object& b) {
  const auto rank = [](const json::Object& set) {
    return std::make_pair(Text(set, {"metadata", "creationTimestamp"}), NameOf(set));
  };
  return rank(a) < rank(b);
}

bool IsPaused(const json::Object& deployment) {
  return kinds::True(deployment, {"spec", "paused"});
}

// It has all pods that the deployment asks for, and they are available.
bool IsSaturated(const json::Object& deployment, const json::Object& set) {
  const int64_t wanted = ReplicasOf(deployment);
  return AnnotatedCount(set, kDesiredReplicas) == wanted && ReplicasOf(set) == wanted &&
         AvailableOf(set) == wanted;
}

}  // namespace

DeploymentController::DeploymentController(Environment& environment)
    : Controller(environment, {.name = "deployment-controller", .concurrency = 5}),
      deployments_(environment.informers.Of("apps/v1", "deployments")),
      pods_(environment.informers.Of("v1", "pods")),
      sets_(deployments_, environment.informers.Of("apps/v1", "replicasets")) {
  pods_.AddIndex(kByController);
  deployments_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  sets_.Follow([this](const std::string& deployment, const Change&) { queue().Add(deployment); });
  // Who recreates waits for the last pod to go.
  pods_.AddHandler([this](const Change& change) {
    if (!change.deleted()) return;
    const json::Object* reference = ControllerOf(change.document());
    if (reference == nullptr || Text(*reference, {"kind"}) != "ReplicaSet") return;
    const std::string name_space(NamespaceOf(change.document()));
    const StoredObjectPtr set =
        sets_.objects().Get(Concat(name_space, "/", Text(*reference, {"name"})));
    if (set == nullptr) return;
    const json::Object document = set->Parse();
    if (const json::Object* owner = ControllerOf(document)) {
      const std::string key = Concat(name_space, "/", Text(*owner, {"name"}));
      const StoredObjectPtr deployment = deployments_.Get(key);
      if (deployment != nullptr && !IsRolling(deployment->Parse())) queue().Add(key);
    }
  });
}

absl::Status DeploymentController::Sync(const std::string& key) {
  const StoredObjectPtr stored = deployments_.Get(key);
  if (stored == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitWritten(key, sets_.objects()));
  const json::Object known = stored->Parse();
  auto newest = client().Get(deployments_.kind(), NamespaceOf(known), NameOf(known));
  if (registry::HasReason(newest.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  Rollout rollout{.key = key, .before = *newest, .deployment = *newest};
  ASSIGN_OR_RETURN(const api::LabelSelector selector, SelectorOf(rollout.deployment));
  if (selector.MatchesEverything()) {
    recorder().Record(rollout.deployment, EventType::kWarning, "SelectingAll",
                      "This deployment is selecting all pods. A non-empty selector is required.");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(rollout.old, sets_.Claim(client(), rollout.deployment, selector));
  std::sort(rollout.old.begin(), rollout.old.end(), IsOlder);
  const auto current = std::find_if(
      rollout.old.begin(), rollout.old.end(),
      [&](const json::Object& set) { return AreTemplatesEqual(rollout.deployment, set); });
  if (current != rollout.old.end()) {
    rollout.current = std::move(*current);
    rollout.old.erase(current);
  }
  if (!IsBeingDeleted(rollout.deployment)) {
    const absl::Status advanced = Advance(rollout);
    if (!advanced.ok()) {
      // What it came to know on the way is told all the same: collisions, failures.
      (void)client().UpdateFrom(deployments_.kind(), rollout.before, rollout.deployment, "status");
      return IsOfEndingNamespace(advanced) ? absl::OkStatus() : advanced;
    }
  }
  return WriteStatus(rollout);
}

absl::Status DeploymentController::Advance(Rollout& rollout) {
  TellPause(rollout);
  if (IsPaused(rollout.deployment) || IsScaled(rollout)) {
    if (rollout.has_current()) RETURN_IF_ERROR(Number(rollout));
    RETURN_IF_ERROR(ScaleAll(rollout));
    return IsPaused(rollout.deployment) ? Clean(rollout) : absl::OkStatus();
  }
  return IsRolling(rollout.deployment) ? Roll(rollout) : Recreate(rollout);
}

// Time that it is paused does not count against its deadline.
void DeploymentController::TellPause(Rollout& rollout) {
  if (!HasDeadline(rollout.deployment)) return;
  const json::Object* status = kinds::FindObject(rollout.deployment, {"status"});
  const json::Object* known = status == nullptr ? nullptr : FindCondition(*status, "Progressing");
  const std::string_view reason = known == nullptr ? "" : Text(*known, {"reason"});
  if (reason == "ProgressDeadlineExceeded") return;
  const bool told = reason == "DeploymentPaused";
  if (IsPaused(rollout.deployment) && !told) {
    TellCondition(rollout.deployment, "Progressing", "Unknown", "DeploymentPaused",
                  "Deployment is paused", environment().wall);
  } else if (!IsPaused(rollout.deployment) && told) {
    TellCondition(rollout.deployment, "Progressing", "Unknown", "DeploymentResumed",
                  "Deployment is resumed", environment().wall);
  }
}

// The newest template has the highest revision, also where it is an old one again.
absl::Status DeploymentController::Number(Rollout& rollout) {
  int64_t revision = 0;
  for (const json::Object& set : rollout.old) revision = std::max(revision, RolloutRevision(set));
  ++revision;
  json::Object& set = rollout.current;
  bool changed = AnnotateFrom(rollout.deployment, revision, set);
  const int64_t min_ready = Integer(rollout.deployment, {"spec", "minReadySeconds"});
  if (Integer(set, {"spec", "minReadySeconds"}) != min_ready) {
    kinds::Set(kinds::Child(set, "spec"), "minReadySeconds", min_ready);
    changed = true;
  }
  if (changed) {
    ASSIGN_OR_RETURN(set, client().Update(sets_.objects().kind(), std::move(set)));
    Wrote(rollout.key, set);
  }
  RETURN_IF_ERROR(TakeRevision(rollout, RolloutRevision(set)));
  const json::Object* status = kinds::FindObject(rollout.deployment, {"status"});
  if (HasDeadline(rollout.deployment) &&
      (status == nullptr || FindCondition(*status, "Progressing") == nullptr)) {
    TellCondition(rollout.deployment, "Progressing", "True", "FoundNewReplicaSet",
                  Concat("Found new replica set \"", NameOf(set), "\""), environment().wall);
  }
  return absl::OkStatus();
}

absl::Status DeploymentController::TakeRevision(Rollout& rollout, int64_t revision) {
  if (RolloutRevision(rollout.deployment) == revision) return absl::OkStatus();
  json::Object object = rollout.before;
  kinds::Set(kinds::Child(kinds::Child(object, "metadata"), "annotations"), kRevision,
             json::ToBoost(std::to_string(revision)));
  ASSIGN_OR_RETURN(rollout.before, client().Update(deployments_.kind(), std::move(object)));
  rollout.deployment["metadata"] = rollout.before["metadata"];
  return absl::OkStatus();
}

absl::Status DeploymentController::CreateCurrent(Rollout& rollout) {
  json::Object& deployment = rollout.deployment;
  json::Object& status = kinds::Child(deployment, "status");
  const int64_t collisions = Integer(status, {"collisionCount"});
  json::Object pod_template = *kinds::FindObject(deployment, {"spec", "template"});
  const std::string hash = TemplateHash(json::Value(pod_template), collisions);
  kinds::Set(kinds::Child(kinds::Child(pod_template, "metadata"), "labels"), kTemplateHash,
             json::ToBoost(hash));
  json::Object selector = *kinds::FindObject(deployment, {"spec", "selector"});
  kinds::Set(kinds::Child(selector, "matchLabels"), kTemplateHash, json::ToBoost(hash));
  const std::string name = Concat(NameOf(deployment), "-", hash);
  const int64_t replicas = NewSetReplicas(deployment, SumReplicas(rollout.old), 0);
  json::Object set{
      {"metadata", json::Object{{"name", json::ToBoost(name)},
                                {"namespace", json::ToBoost(NamespaceOf(deployment))},
                                {"labels", pod_template.at("metadata").at("labels")},
                                {"ownerReferences", json::Array{ControllerReference(deployment)}}}},
      {"spec", json::Object{{"replicas", replicas},
                            {"minReadySeconds", Integer(deployment, {"spec", "minReadySeconds"})},
                            {"selector", std::move(selector)},
                            {"template", std::move(pod_template)}}}};
  int64_t revision = 0;
  for (const json::Object& other : rollout.old) {
    revision = std::max(revision, RolloutRevision(other));
  }
  AnnotateFrom(deployment, revision + 1, set);
  AnnotateReplicas(deployment, set);
  auto created = client().Create(sets_.objects().kind(), std::move(set));
  if (registry::HasReason(created.status(), "AlreadyExists")) {
    ASSIGN_OR_RETURN(json::Object other,
                     client().Get(sets_.objects().kind(), NamespaceOf(deployment), name));
    if (!IsControlledBy(other, deployment) || !AreTemplatesEqual(deployment, other)) {
      // Another template has this hash.
      kinds::Set(status, "collisionCount", collisions + 1);
      return created.status();
    }
    created = std::move(other);
  } else if (created.ok() && replicas > 0) {
    recorder().Record(deployment, EventType::kNormal, "ScalingReplicaSet",
                      Concat("Scaled up replica set ", name, " from 0 to ", replicas));
  }
  if (!created.ok()) {
    if (IsOfEndingNamespace(created.status())) return created.status();
    const std::string message = Concat("Failed to create new replica set \"", name,
                                       "\": ", registry::FailureOf(created.status()).message);
    if (HasDeadline(deployment)) {
      TellCondition(deployment, "Progressing", "False", "ReplicaSetCreateError", message,
                    environment().wall);
    }
    recorder().Record(deployment, EventType::kWarning, "ReplicaSetCreateError", message);
    return created.status();
  }
  rollout.current = *std::move(created);
  Wrote(rollout.key, rollout.current);
  if (HasDeadline(deployment)) {
    TellCondition(deployment, "Progressing", "True", "NewReplicaSetCreated",
                  Concat("Created new replica set \"", name, "\""), environment().wall);
  }
  return TakeRevision(rollout, RolloutRevision(rollout.current));
}

// Whether the deployment asks for another number than when its sets got theirs.
bool DeploymentController::IsScaled(const Rollout& rollout) const {
  const ReplicaSets all = rollout.all();
  return std::any_of(all.begin(), all.end(), [&](const json::Object& set) {
    const int64_t desired = AnnotatedCount(set, kDesiredReplicas);
    return ReplicasOf(set) > 0 && desired >= 0 && desired != ReplicasOf(rollout.deployment);
  });
}

absl::Status DeploymentController::ScaleAll(Rollout& rollout) {
  const int64_t wanted = ReplicasOf(rollout.deployment);
  std::vector<json::Object*> active;
  for (json::Object& set : rollout.old) {
    if (ReplicasOf(set) > 0) active.push_back(&set);
  }
  if (rollout.has_current() && ReplicasOf(rollout.current) > 0) active.push_back(&rollout.current);
  if (active.size() <= 1) {
    json::Object* only = !active.empty()         ? active.front()
                         : rollout.has_current() ? &rollout.current
                         : rollout.old.empty()   ? nullptr
                                                 : &rollout.old.back();
    return only == nullptr ? absl::OkStatus() : Scale(rollout, *only, wanted).status();
  }
  if (rollout.has_current() && IsSaturated(rollout.deployment, rollout.current)) {
    for (json::Object& set : rollout.old) RETURN_IF_ERROR(Scale(rollout, set, 0).status());
    return absl::OkStatus();
  }
  return IsRolling(rollout.deployment) ? ScaleByShares(rollout) : absl::OkStatus();
}

// In the midst of a rollout the difference is shared by size; what rounding leaves is the
// largest's.
absl::Status DeploymentController::ScaleByShares(Rollout& rollout) {
  const int64_t wanted = ReplicasOf(rollout.deployment);
  std::vector<json::Object*> active;
  if (rollout.has_current() && ReplicasOf(rollout.current) > 0) active.push_back(&rollout.current);
  for (auto set = rollout.old.rbegin(); set != rollout.old.rend(); ++set) {
    if (ReplicasOf(*set) > 0) active.push_back(&*set);  // newest first
  }
  const int64_t allowed = wanted > 0 ? wanted + LimitsOf(rollout.deployment).surge : 0;
  int64_t there = 0;
  for (const json::Object* set : active) there += ReplicasOf(*set);
  const int64_t difference = allowed - there;
  // Of those of a size the newest grows, and the oldest shrinks.
  if (difference < 0) std::reverse(active.begin(), active.end());
  std::stable_sort(active.begin(), active.end(), [](const json::Object* a, const json::Object* b) {
    return ReplicasOf(*a) > ReplicasOf(*b);
  });
  int64_t shared = 0;
  std::vector<int64_t> sizes;
  for (const json::Object* set : active) {
    const int64_t share = ShareOf(rollout.deployment, *set, difference - shared);
    sizes.push_back(ReplicasOf(*set) + share);
    shared += share;
  }
  sizes[0] = std::max<int64_t>(sizes[0] + difference - shared, 0);
  for (size_t i = 0; i < active.size(); ++i) {
    RETURN_IF_ERROR(Scale(rollout, *active[i], sizes[i]).status());
  }
  return absl::OkStatus();
}

absl::Status DeploymentController::Roll(Rollout& rollout) {
  RETURN_IF_ERROR(rollout.has_current() ? Number(rollout) : CreateCurrent(rollout));
  const int64_t wanted = ReplicasOf(rollout.deployment);
  const int64_t replicas = ReplicasOf(rollout.current);
  const int64_t more =
      replicas > wanted ? wanted
                        : NewSetReplicas(rollout.deployment, SumReplicas(rollout.all()), replicas);
  ASSIGN_OR_RETURN(const bool grew, Scale(rollout, rollout.current, more));
  if (grew) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool shrank, ShrinkOld(rollout));
  if (shrank) return absl::OkStatus();
  return Clean(rollout);
}

// First those that are not available go, which makes nothing worse; then as many of the others as
// may be unavailable. New pods that are not available yet are not counted twice.
absl::StatusOr<bool> DeploymentController::ShrinkOld(Rollout& rollout) {
  const int64_t old = SumReplicas(rollout.old);
  if (old == 0) return false;
  const int64_t at_least =
      ReplicasOf(rollout.deployment) - LimitsOf(rollout.deployment).unavailable;
  int64_t most = old + ReplicasOf(rollout.current) - at_least -
                 (ReplicasOf(rollout.current) - AvailableOf(rollout.current));
  if (most <= 0) return false;
  bool shrank = false;
  for (json::Object& set : rollout.old) {
    const int64_t sick = std::min(ReplicasOf(set) - AvailableOf(set), most);
    if (sick <= 0) continue;
    RETURN_IF_ERROR(Scale(rollout, set, ReplicasOf(set) - sick).status());
    most -= sick;
    shrank = true;
  }
  int64_t spare = SumStatus(rollout.all(), "availableReplicas") - at_least;
  for (json::Object& set : rollout.old) {
    const int64_t down = std::min(ReplicasOf(set), spare);
    if (down <= 0) continue;
    RETURN_IF_ERROR(Scale(rollout, set, ReplicasOf(set) - down).status());
    spare -= down;
    shrank = true;
  }
  return shrank;
}

absl::Status DeploymentController::Recreate(Rollout& rollout) {
  if (rollout.has_current()) RETURN_IF_ERROR(Number(rollout));
  bool shrank = false;
  for (json::Object& set : rollout.old) {
    ASSIGN_OR_RETURN(const bool its, Scale(rollout, set, 0));
    shrank |= its;
  }
  if (shrank || HasOldPods(rollout)) return absl::OkStatus();
  if (!rollout.has_current()) RETURN_IF_ERROR(CreateCurrent(rollout));
  RETURN_IF_ERROR(Scale(rollout, rollout.current, ReplicasOf(rollout.deployment)).status());
  return Clean(rollout);
}

bool DeploymentController::HasOldPods(const Rollout& rollout) const {
  for (const json::Object& set : rollout.old) {
    // The set may not have come to its scale yet.
    if (Integer(set, {"status", "replicas"}) > 0) return true;
    const auto pods = pods_.Find(kByController, std::string(Text(set, {"metadata", "uid"})));
    const auto runs = [](const StoredObjectPtr& pod) { return !IsFinished(pod->Parse()); };
    if (std::any_of(pods.begin(), pods.end(), runs)) return true;
  }
  return false;
}

absl::StatusOr<bool> DeploymentController::Scale(Rollout& rollout, json::Object& set,
                                                 int64_t replicas) {
  const int64_t before = ReplicasOf(set);
  json::Object scaled = set;
  if (!AnnotateReplicas(rollout.deployment, scaled) && before == replicas) return false;
  // A set of no pods that is to have none needs to know nothing.
  if (before == replicas && replicas == 0) return false;
  kinds::Set(kinds::Child(scaled, "spec"), "replicas", replicas);
  ASSIGN_OR_RETURN(set, client().Update(sets_.objects().kind(), std::move(scaled)));
  Wrote(rollout.key, set);
  if (before != replicas) {
    recorder().Record(rollout.deployment, EventType::kNormal, "ScalingReplicaSet",
                      Concat("Scaled ", before < replicas ? "up" : "down", " replica set ",
                             NameOf(set), " from ", before, " to ", replicas));
  }
  return before != replicas;
}

// Of old sets without pods only so many are kept as there may be gone back to.
absl::Status DeploymentController::Clean(Rollout& rollout) {
  const int64_t limit = Integer(rollout.deployment, {"spec", "revisionHistoryLimit"}, 10);
  if (!IsPaused(rollout.deployment)) {
    json::Object told = rollout.deployment;
    TellCounts(told, rollout.all(), rollout.current_or_null(), environment().wall);
    if (!IsComplete(told)) return absl::OkStatus();
  }
  std::vector<const json::Object*> sets;
  for (const json::Object& set : rollout.old) {
    if (!IsBeingDeleted(set)) sets.push_back(&set);
  }
  std::stable_sort(sets.begin(), sets.end(), [](const json::Object* a, const json::Object* b) {
    return RolloutRevision(*a) < RolloutRevision(*b);
  });
  for (int64_t i = 0; i < static_cast<int64_t>(sets.size()) - limit; ++i) {
    const json::Object& set = *sets[static_cast<size_t>(i)];
    const bool settled =
        ReplicasOf(set) == 0 && Integer(set, {"status", "replicas"}) == 0 &&
        Integer(set, {"metadata", "generation"}) <= Integer(set, {"status", "observedGeneration"});
    if (!settled) continue;
    const absl::Status deleted =
        client().Delete(sets_.objects().kind(), NamespaceOf(set), NameOf(set));
    if (!registry::HasReason(deleted, "NotFound")) RETURN_IF_ERROR(deleted);
  }
  return absl::OkStatus();
}

absl::Status DeploymentController::WriteStatus(Rollout& rollout) {
  const WallClock& wall = environment().wall;
  const bool rolls = !IsBeingDeleted(rollout.deployment) && !IsPaused(rollout.deployment);
  (rolls ? TellProgress : TellCounts)(rollout.deployment, rollout.all(), rollout.current_or_null(),
                                      wall);
  if (rolls) {
    if (const auto seconds = SecondsToDeadline(rollout.deployment, wall)) {
      queue().AddAfter(rollout.key, std::chrono::seconds(*seconds));
    }
  }
  const absl::Status written =
      client()
          .UpdateFrom(deployments_.kind(), rollout.before, std::move(rollout.deployment), "status")
          .status();
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
