#include "controller/stateful_sets.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "controller/controller_reference.h"
#include "controller/pod_state.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;

constexpr std::string_view kRevisionLabel = "controller-revision-hash";

std::string_view NameOf(const json::Object& object) { return Text(object, {"metadata", "name"}); }
std::string_view NamespaceOf(const json::Object& object) {
  return Text(object, {"metadata", "namespace"});
}
std::string_view RevisionNameOf(const json::Object& pod) {
  return Text(pod, {"metadata", "labels", kRevisionLabel});
}

// Of "web-2", where the set is "web".
std::optional<int64_t> OrdinalOf(const json::Object& set, std::string_view pod) {
  const size_t dash = pod.rfind('-');
  if (dash == std::string_view::npos || pod.substr(0, dash) != NameOf(set)) return std::nullopt;
  int64_t ordinal = 0;
  const auto [end, error] =
      std::from_chars(pod.data() + dash + 1, pod.data() + pod.size(), ordinal);
  if (error != std::errc() || end != pod.data() + pod.size()) return std::nullopt;
  return ordinal;
}

std::string ClaimName(const json::Object& set, const json::Object& claim, int64_t ordinal) {
  return Concat(NameOf(claim), "-", NameOf(set), "-", ordinal);
}

// Its name, its labels and its volumes are those of the ordinal.
void Identify(const json::Object& set, int64_t ordinal, json::Object& pod) {
  const std::string name = Concat(NameOf(set), "-", ordinal);
  json::Object& metadata = kinds::Child(pod, "metadata");
  metadata.erase("generateName");
  kinds::Set(metadata, "name", json::ToBoost(name));
  json::Object& labels = kinds::Child(metadata, "labels");
  kinds::Set(labels, "statefulset.kubernetes.io/pod-name", json::ToBoost(name));
  kinds::Set(labels, "apps.kubernetes.io/pod-index", json::ToBoost(std::to_string(ordinal)));
  json::Object& spec = kinds::Child(pod, "spec");
  kinds::Set(spec, "hostname", json::ToBoost(name));
  if (const std::string_view service = Text(set, {"spec", "serviceName"}); !service.empty()) {
    kinds::Set(spec, "subdomain", json::ToBoost(service));
  }
  json::Array volumes;
  std::set<std::string, std::less<>> claimed;
  kinds::ForEach(set, {"spec", "volumeClaimTemplates"}, [&](const json::Object& claim) {
    claimed.emplace(NameOf(claim));
    volumes.push_back(
        json::Object{{"name", json::ToBoost(NameOf(claim))},
                     {"persistentVolumeClaim",
                      json::Object{{"claimName", json::ToBoost(ClaimName(set, claim, ordinal))}}}});
  });
  kinds::ForEach(pod, {"spec", "volumes"}, [&](const json::Object& volume) {
    if (!claimed.contains(Text(volume, {"name"}))) volumes.emplace_back(volume);
  });
  if (!volumes.empty()) spec["volumes"] = std::move(volumes);
}

}  // namespace

bool StatefulSetController::Work::ordered() const {
  return Text(set, {"spec", "podManagementPolicy"}) != "Parallel";
}
bool StatefulSetController::Work::IsRolling() const {
  return Text(set, {"spec", "updateStrategy", "type"}) == "RollingUpdate";
}
int64_t StatefulSetController::Work::partition() const {
  return Integer(set, {"spec", "updateStrategy", "rollingUpdate", "partition"});
}

StatefulSetController::StatefulSetController(Environment& environment)
    : Controller(environment, {.name = "statefulset-controller", .concurrency = 5}),
      sets_(environment.informers.Of("apps/v1", "statefulsets")),
      pods_(sets_, environment.informers.Of("v1", "pods")),
      control_(client(), recorder(), pods_.objects()),
      history_(client(), sets_, environment.informers.Of("apps/v1", "controllerrevisions")),
      claims_(BuiltIn("v1", "persistentvolumeclaims")) {
  sets_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  pods_.Follow([this](const std::string& set, const Change&) { queue().Add(set); });
}

bool StatefulSetController::IsHealthy(const Work& work, const json::Object& pod) const {
  return PhaseOf(pod) == "Running" && !IsBeingDeleted(pod) && !control_.IsDeleted(pod) &&
         IsAvailable(pod, Integer(work.set, {"spec", "minReadySeconds"}),
                     environment().wall.Now().seconds);
}

absl::Status StatefulSetController::Sync(const std::string& key) {
  const StoredObjectPtr stored = sets_.Get(key);
  if (stored == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitWritten(key, pods_.objects()));
  const json::Object known = stored->Parse();
  auto newest = client().Get(sets_.kind(), NamespaceOf(known), NameOf(known));
  if (registry::HasReason(newest.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  Work work{.key = key, .before = *newest, .set = *newest};
  ASSIGN_OR_RETURN(const api::LabelSelector selector, SelectorOf(work.set));
  ASSIGN_OR_RETURN(auto revisions, history_.Claim(work.set, selector));
  const Dependents::Claims claims{
      .fits = [&](const json::Object& pod) { return OrdinalOf(known, NameOf(pod)).has_value(); }};
  ASSIGN_OR_RETURN(std::vector<json::Object> pods,
                   pods_.Claim(client(), work.set, selector, claims));
  ASSIGN_OR_RETURN(const json::Object update, history_.Take(work.set, revisions));
  work.update = NameOf(update);
  work.update_set = RevisionHistory::Apply(work.set, update);
  work.current = Text(work.set, {"status", "currentRevision"});
  const auto current = std::find_if(revisions.begin(), revisions.end(), [&](const auto& revision) {
    return NameOf(revision) == work.current;
  });
  if (current == revisions.end()) work.current = work.update;
  work.current_set =
      current == revisions.end() ? work.update_set : RevisionHistory::Apply(work.set, *current);
  work.start = Integer(work.set, {"spec", "ordinals", "start"});
  work.replicas.resize(static_cast<size_t>(Integer(work.set, {"spec", "replicas"}, 1)));
  for (const json::Object& pod : pods) {
    const int64_t place = *OrdinalOf(work.set, NameOf(pod)) - work.start;
    if (place >= 0 && place < static_cast<int64_t>(work.replicas.size())) {
      work.replicas[static_cast<size_t>(place)] = pod;
    } else {
      work.condemned.push_back(pod);
    }
  }
  std::sort(work.condemned.begin(), work.condemned.end(), [&](const auto& a, const auto& b) {
    return *OrdinalOf(work.set, NameOf(a)) > *OrdinalOf(work.set, NameOf(b));
  });
  Count(work, pods);
  absl::Status advanced;
  if (!IsBeingDeleted(work.set)) advanced = Advance(work);
  std::set<std::string, std::less<>> used{work.current, work.update};
  for (const json::Object& pod : pods) used.emplace(RevisionNameOf(pod));
  const auto written = client().UpdateFrom(sets_.kind(), work.before, work.set, "status");
  if (!written.ok() && !registry::HasReason(written.status(), "NotFound")) return written.status();
  RETURN_IF_ERROR(history_.Truncate(work.set, revisions, used));
  return IsOfEndingNamespace(advanced) ? absl::OkStatus() : advanced;
}

void StatefulSetController::Count(Work& work, const std::vector<json::Object>& pods) {
  int64_t ready = 0;
  int64_t available = 0;
  int64_t of_current = 0;
  int64_t of_update = 0;
  const int64_t now = environment().wall.Now().seconds;
  const int64_t min_ready = Integer(work.set, {"spec", "minReadySeconds"});
  for (const json::Object& pod : pods) {
    const bool runs = PhaseOf(pod) == "Running" && IsReady(pod);
    ready += runs ? 1 : 0;
    available += runs && IsAvailable(pod, min_ready, now) ? 1 : 0;
    if (IsBeingDeleted(pod)) continue;
    of_current += RevisionNameOf(pod) == work.current ? 1 : 0;
    of_update += RevisionNameOf(pod) == work.update ? 1 : 0;
  }
  if (ready > available) queue().AddAfter(work.key, std::chrono::seconds(1));
  json::Object& status = kinds::Child(work.set, "status");
  const auto set = [&](std::string_view name, int64_t value) { kinds::Set(status, name, value); };
  // All are of the newest revision: it is the current one.
  const auto wanted = static_cast<int64_t>(work.replicas.size());
  if (work.IsRolling() && of_update == wanted && ready == wanted &&
      static_cast<int64_t>(pods.size()) == wanted) {
    work.current = work.update;
    of_current = of_update;
  }
  set("observedGeneration", Integer(work.set, {"metadata", "generation"}));
  set("replicas", static_cast<int64_t>(pods.size()));
  set("readyReplicas", ready);
  set("availableReplicas", available);
  set("currentReplicas", of_current);
  set("updatedReplicas", of_update);
  if (!status.contains("collisionCount")) set("collisionCount", 0);
  kinds::Set(status, "currentRevision", json::ToBoost(work.current));
  kinds::Set(status, "updateRevision", json::ToBoost(work.update));
}

absl::Status StatefulSetController::Advance(Work& work) {
  for (size_t place = 0; place < work.replicas.size(); ++place) {
    ASSIGN_OR_RETURN(const bool ends, AdvanceReplica(work, place));
    if (ends && work.ordered()) return absl::OkStatus();
  }
  for (const json::Object& pod : work.condemned) {
    ASSIGN_OR_RETURN(const bool ends, Condemn(work, pod));
    if (ends && work.ordered()) return absl::OkStatus();
  }
  return work.IsRolling() ? Update(work) : absl::OkStatus();
}

absl::StatusOr<bool> StatefulSetController::AdvanceReplica(Work& work, size_t place) {
  json::Object& pod = work.replicas[place];
  const int64_t ordinal = work.start + static_cast<int64_t>(place);
  if (pod.empty()) {
    ASSIGN_OR_RETURN(pod, Create(work, ordinal));
    return true;
  }
  if (IsBeingDeleted(pod) || control_.IsDeleted(pod)) return true;
  if (IsFinished(pod)) {
    const bool failed = PhaseOf(pod) == "Failed";
    recorder().Record(
        work.set, failed ? EventType::kWarning : EventType::kNormal,
        failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
        Concat("StatefulSet ", NamespaceOf(work.set), "/", NameOf(work.set), " is recreating ",
               failed ? "failed" : "terminated", " Pod ", NameOf(pod)));
    RETURN_IF_ERROR(control_.Delete(work.set, pod));
    return true;
  }
  if (PhaseOf(pod) == "Pending") RETURN_IF_ERROR(CreateClaims(work, pod, ordinal));
  RETURN_IF_ERROR(KeepClaims(work, pod, ordinal, false));
  return !IsHealthy(work, pod);
}

absl::StatusOr<bool> StatefulSetController::Condemn(Work& work, const json::Object& pod) {
  if (IsBeingDeleted(pod) || control_.IsDeleted(pod)) return true;
  // Where one of the others is not well it is waited for, but not where this one is the sick one.
  const bool all_well =
      std::all_of(work.replicas.begin(), work.replicas.end(),
                  [&](const json::Object& replica) { return IsHealthy(work, replica); });
  if (work.ordered() && !all_well) return true;
  RETURN_IF_ERROR(KeepClaims(work, pod, *OrdinalOf(work.set, NameOf(pod)), true));
  RETURN_IF_ERROR(control_.Delete(work.set, pod));
  return true;
}

// From the highest ordinal down to the partition pods of other revisions go, as many at a time as
// may be unavailable.
absl::Status StatefulSetController::Update(Work& work) {
  const auto wanted = static_cast<int64_t>(work.replicas.size());
  const json::Value* share =
      kinds::Find(work.set, {"spec", "updateStrategy", "rollingUpdate", "maxUnavailable"});
  const int64_t most = std::max<int64_t>(CountOf(share, wanted, true), 1);
  int64_t unavailable = 0;
  for (int64_t place = wanted - 1; place >= work.partition(); --place) {
    const json::Object& pod = work.replicas[static_cast<size_t>(place)];
    if (pod.empty()) return absl::OkStatus();
    const bool goes = IsBeingDeleted(pod) || control_.IsDeleted(pod);
    if (RevisionNameOf(pod) != work.update && !goes) {
      RETURN_IF_ERROR(control_.Delete(work.set, pod));
      json::Object& status = kinds::Child(work.set, "status");
      kinds::Set(status, "currentReplicas",
                 std::max<int64_t>(Integer(status, {"currentReplicas"}) - 1, 0));
      ++unavailable;
    } else if (!IsHealthy(work, pod)) {
      ++unavailable;
    }
    if (unavailable >= most) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<json::Object> StatefulSetController::Create(Work& work, int64_t ordinal) {
  // What is below the partition, or not updated yet, comes back as it was.
  const bool old =
      work.IsRolling() && work.current != work.update && ordinal < work.start + work.partition();
  const json::Object& set = old ? work.current_set : work.update_set;
  json::Object pod = PodFromTemplate(set);
  Identify(set, ordinal, pod);
  kinds::Set(kinds::Child(kinds::Child(pod, "metadata"), "labels"), kRevisionLabel,
             json::ToBoost(old ? work.current : work.update));
  const std::string name(NameOf(pod));
  RETURN_IF_ERROR(CreateClaims(work, pod, ordinal));
  auto created = client().Create(pods_.objects().kind(), std::move(pod));
  if (!created.ok()) {
    if (!IsOfEndingNamespace(created.status())) {
      recorder().Record(work.set, EventType::kWarning, "FailedCreate",
                        Concat("create Pod ", name, " in StatefulSet ", NameOf(work.set),
                               " failed error: ", registry::FailureOf(created.status()).message));
    }
    return created;
  }
  Wrote(work.key, *created);
  recorder().Record(
      work.set, EventType::kNormal, "SuccessfulCreate",
      Concat("create Pod ", name, " in StatefulSet ", NameOf(work.set), " successful"));
  json::Object& status = kinds::Child(work.set, "status");
  const std::string_view counted = old ? "currentReplicas" : "updatedReplicas";
  kinds::Set(status, counted, Integer(status, {counted}) + 1);
  if (!old && work.current == work.update) {
    kinds::Set(status, "currentReplicas", Integer(status, {"currentReplicas"}) + 1);
  }
  kinds::Set(status, "replicas", Integer(status, {"replicas"}) + 1);
  RETURN_IF_ERROR(KeepClaims(work, *created, ordinal, false));
  return created;
}

absl::Status StatefulSetController::CreateClaims(const Work& work, const json::Object& pod,
                                                 int64_t ordinal) {
  const json::Array* templates = kinds::FindArray(work.set, {"spec", "volumeClaimTemplates"});
  if (templates == nullptr) return absl::OkStatus();
  for (const json::Value& one : *templates) {
    const json::Object& wanted = one.as_object();
    const std::string name = ClaimName(work.set, wanted, ordinal);
    const auto there = client().Get(claims_, NamespaceOf(work.set), name);
    if (there.ok()) continue;
    if (!registry::HasReason(there.status(), "NotFound")) return there.status();
    json::Object metadata{{"name", json::ToBoost(name)},
                          {"namespace", json::ToBoost(NamespaceOf(work.set))}};
    for (const std::string_view member : {"labels", "annotations"}) {
      if (const json::Value* value = kinds::Find(wanted, {"metadata", member})) {
        kinds::Set(metadata, member, *value);
      }
    }
    if (const json::Object* labels =
            kinds::FindObject(work.set, {"spec", "selector", "matchLabels"})) {
      json::Object& all = kinds::Child(metadata, "labels");
      for (const auto& label : *labels) all[label.key()] = label.value();
    }
    json::Object claim{{"metadata", std::move(metadata)}};
    if (const json::Value* spec = json::Find(wanted, "spec")) claim["spec"] = *spec;
    const absl::Status created = client().Create(claims_, std::move(claim)).status();
    if (registry::HasReason(created, "AlreadyExists")) continue;
    const std::string what =
        Concat("create Claim ", name, " Pod ", NameOf(pod), " in StatefulSet ", NameOf(work.set));
    if (!created.ok()) {
      recorder().Record(work.set, EventType::kWarning, "FailedCreate",
                        Concat(what, " failed error: ", registry::FailureOf(created).message));
      return created;
    }
    recorder().Record(work.set, EventType::kNormal, "SuccessfulCreate", what + " success");
  }
  return absl::OkStatus();
}

// A claim that is to go with its set is the set's, one that is to go with its pod the pod's as soon
// as that is condemned.
absl::Status StatefulSetController::KeepClaims(const Work& work, const json::Object& pod,
                                               int64_t ordinal, bool condemned) {
  const json::Array* templates = kinds::FindArray(work.set, {"spec", "volumeClaimTemplates"});
  if (templates == nullptr) return absl::OkStatus();
  const auto goes = [&](std::string_view when) {
    return Text(work.set, {"spec", "persistentVolumeClaimRetentionPolicy", when}) == "Delete";
  };
  json::Object of_pod = ControllerReference(pod);
  of_pod["apiVersion"] = "v1";
  of_pod["kind"] = "Pod";
  const bool with_pod = condemned && goes("whenScaled");
  const auto edit = [&](json::Object& claim) {
    json::Array kept;
    kinds::ForEach(claim, {"metadata", "ownerReferences"}, [&](const json::Object& reference) {
      const bool ours =
          (Text(reference, {"kind"}) == "StatefulSet" &&
           Text(reference, {"name"}) == NameOf(work.set)) ||
          (Text(reference, {"kind"}) == "Pod" && Text(reference, {"name"}) == NameOf(pod));
      if (!ours) kept.emplace_back(reference);
    });
    if (with_pod) {
      kept.emplace_back(of_pod);
    } else if (goes("whenDeleted")) {
      kept.emplace_back(ControllerReference(work.set));
    }
    json::Object& metadata = kinds::Child(claim, "metadata");
    if (kept.empty()) {
      kinds::Remove(metadata, "ownerReferences");
    } else {
      kinds::Set(metadata, "ownerReferences", std::move(kept));
    }
  };
  for (const json::Value& one : *templates) {
    const absl::Status kept = client()
                                  .Change(claims_, NamespaceOf(work.set),
                                          ClaimName(work.set, one.as_object(), ordinal), "", edit)
                                  .status();
    if (!registry::HasReason(kept, "NotFound")) RETURN_IF_ERROR(kept);
  }
  return absl::OkStatus();
}

}  // namespace kvplane::controller
