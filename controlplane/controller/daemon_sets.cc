#include "controller/daemon_sets.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/controller_reference.h"
#include "controller/node_fit.h"
#include "controller/pod_state.h"
#include "controller/pod_template.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Integer;
using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr std::string_view kHashLabel = "controller-revision-hash";
constexpr int64_t kLongestPause = 900;

std::string_view NameOf(const json::Object& object) { return Text(object, {"metadata", "name"}); }
std::string_view NamespaceOf(const json::Object& object) {
  return Text(object, {"metadata", "namespace"});
}

// The node that it is on, or was made for.
std::string NodeOf(const json::Object& pod) {
  std::string node(Text(pod, {"spec", "nodeName"}));
  if (!node.empty()) return node;
  const json::Array* terms = kinds::FindArray(
      pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms"});
  if (terms == nullptr) return node;
  for (const json::Value& term : *terms) {
    kinds::ForEach(term.as_object(), {"matchFields"}, [&](const json::Object& field) {
      const json::Array* values = kinds::FindArray(field, {"values"});
      if (values != nullptr && values->size() == 1) node = kinds::Plain(values->front());
    });
  }
  return node;
}

// Daemons stay on nodes that are in trouble: some are there to help.
json::Array Tolerations(const json::Object& set) {
  json::Array all;
  const json::Object* spec = kinds::FindObject(set, {"spec", "template", "spec"});
  if (spec != nullptr) {
    if (const json::Array* own = kinds::FindArray(*spec, {"tolerations"})) all = *own;
  }
  const auto add = [&](std::string_view key, std::string_view effect) {
    const json::Value one = json::Object{
        {"key", json::ToBoost(key)}, {"operator", "Exists"}, {"effect", json::ToBoost(effect)}};
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  };
  add("node.kubernetes.io/not-ready", "NoExecute");
  add("node.kubernetes.io/unreachable", "NoExecute");
  add("node.kubernetes.io/disk-pressure", "NoSchedule");
  add("node.kubernetes.io/memory-pressure", "NoSchedule");
  add("node.kubernetes.io/pid-pressure", "NoSchedule");
  add("node.kubernetes.io/unschedulable", "NoSchedule");
  if (spec != nullptr && kinds::True(*spec, {"hostNetwork"})) {
    add("node.kubernetes.io/network-unavailable", "NoSchedule");
  }
  return all;
}

bool IsRolling(const json::Object& set) {
  return Text(set, {"spec", "updateStrategy", "type"}) == "RollingUpdate";
}

int64_t Limit(const json::Object& set, std::string_view name, int64_t desired) {
  return CountOf(kinds::Find(set, {"spec", "updateStrategy", "rollingUpdate", name}), desired,
                 true);
}

}  // namespace

DaemonSetController::DaemonSetController(Environment& environment)
    : Controller(environment, {.name = "daemon-set-controller", .concurrency = 2}),
      sets_(environment.informers.Of("apps/v1", "daemonsets")),
      nodes_(environment.informers.Of("v1", "nodes")),
      pods_(sets_, environment.informers.Of("v1", "pods")),
      control_(client(), recorder(), pods_.objects()),
      history_(client(), sets_, environment.informers.Of("apps/v1", "controllerrevisions")) {
  sets_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  pods_.Follow([this](const std::string& set, const Change&) { queue().Add(set); });
  nodes_.AddHandler([this](const Change& change) {
    if (!change.added() && !change.deleted()) {
      // Nodes tell often that they live: only what pods look at counts.
      const auto part = [](const json::Object& node, kinds::Path path) {
        const json::Value* value = kinds::Find(node, path);
        return value == nullptr ? json::Value() : *value;
      };
      const bool same = api::JsonEqual(part(change.old_document(), {"spec"}),
                                       part(change.document(), {"spec"})) &&
                        api::JsonEqual(part(change.old_document(), {"metadata", "labels"}),
                                       part(change.document(), {"metadata", "labels"}));
      if (same) return;
    }
    for (const StoredObjectPtr& set : sets_.List()) queue().Add(std::string(sets_.KeyOf(*set)));
  });
}

absl::Status DaemonSetController::Sync(const std::string& key) {
  const StoredObjectPtr stored = sets_.Get(key);
  if (stored == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitWritten(key, pods_.objects()));
  const json::Object known = stored->Parse();
  auto newest = client().Get(sets_.kind(), NamespaceOf(known), NameOf(known));
  if (registry::HasReason(newest.status(), "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  Work work{.key = key, .before = *newest, .set = *newest};
  ASSIGN_OR_RETURN(const api::LabelSelector selector, SelectorOf(work.set));
  if (selector.MatchesEverything()) {
    recorder().Record(work.set, EventType::kWarning, "SelectingAll",
                      "This daemon set is selecting all pods. A non-empty selector is required.");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(auto revisions, history_.Claim(work.set, selector));
  ASSIGN_OR_RETURN(const std::vector<json::Object> pods, pods_.Claim(client(), work.set, selector));
  absl::Status managed;
  std::set<std::string, std::less<>> used;
  if (!IsBeingDeleted(work.set)) {
    ASSIGN_OR_RETURN(const json::Object revision, history_.Take(work.set, revisions));
    work.hash = Text(revision, {"metadata", "labels", "controller.kubernetes.io/hash"});
    used.emplace(NameOf(revision));
    work.places = PlacesOf(work.set, pods);
    managed = Manage(work);
    if (managed.ok() && IsRolling(work.set)) managed = Update(work);
    Count(work);
  }
  for (const json::Object& revision : revisions) {
    const std::string_view hash =
        Text(revision, {"metadata", "labels", "controller.kubernetes.io/hash"});
    const bool is_used = std::any_of(pods.begin(), pods.end(), [&](const json::Object& pod) {
      return Text(pod, {"metadata", "labels", kHashLabel}) == hash;
    });
    if (is_used) used.emplace(NameOf(revision));
  }
  const auto written = client().UpdateFrom(sets_.kind(), work.before, work.set, "status");
  if (!written.ok() && !registry::HasReason(written.status(), "NotFound")) return written.status();
  RETURN_IF_ERROR(history_.Truncate(work.set, revisions, used));
  return IsOfEndingNamespace(managed) ? absl::OkStatus() : managed;
}

std::vector<DaemonSetController::Place> DaemonSetController::PlacesOf(
    const json::Object& set, const std::vector<json::Object>& pods) const {
  std::map<std::string, Place> places;
  const json::Object* spec = kinds::FindObject(set, {"spec", "template", "spec"});
  const json::Array tolerations = Tolerations(set);
  for (const StoredObjectPtr& stored : nodes_.List()) {
    const json::Object node = stored->Parse();
    const bool fits = spec != nullptr && Attracts(*spec, node);
    const std::string_view effect = UntoleratedEffect(tolerations, node);
    const std::string name(NameOf(node));
    places[name] = {
        .node = name, .runs = fits && effect.empty(), .stays = fits && effect != "NoExecute"};
  }
  for (const json::Object& pod : pods) {
    if (IsBeingDeleted(pod) || control_.IsDeleted(pod)) continue;
    const std::string node = NodeOf(pod);
    places.try_emplace(node, Place{.node = node}).first->second.pods.push_back(pod);
  }
  std::vector<Place> list;
  for (auto& [name, place] : places) {
    std::sort(place.pods.begin(), place.pods.end(), [](const auto& a, const auto& b) {
      const auto rank = [](const json::Object& pod) {
        return std::make_pair(Text(pod, {"metadata", "creationTimestamp"}), NameOf(pod));
      };
      return rank(a) < rank(b);
    });
    list.push_back(std::move(place));
  }
  return list;
}

bool DaemonSetController::IsNew(const Work& work, const json::Object& pod) const {
  return Text(pod, {"metadata", "labels", kHashLabel}) == work.hash;
}

bool DaemonSetController::IsWell(const Work& work, const json::Object& pod) const {
  return IsAvailable(pod, Integer(work.set, {"spec", "minReadySeconds"}),
                     environment().wall.Now().seconds);
}

absl::Status DaemonSetController::Manage(Work& work) {
  for (Place& place : work.places) RETURN_IF_ERROR(ManagePlace(work, place));
  return absl::OkStatus();
}

absl::Status DaemonSetController::ManagePlace(Work& work, Place& place) {
  if (!place.stays) {
    while (!place.pods.empty()) RETURN_IF_ERROR(Delete(work, place, 0));
    return absl::OkStatus();
  }
  for (size_t i = 0; i < place.pods.size();) {
    const json::Object& pod = place.pods[i];
    if (!IsFinished(pod)) {
      ++i;
      continue;
    }
    const bool failed = PhaseOf(pod) == "Failed";
    // What fails again and again is made anew more and more slowly.
    if (failed && !MayReplace(work, place.node)) return absl::OkStatus();
    recorder().Record(work.set, failed ? EventType::kWarning : EventType::kNormal,
                      failed ? "FailedDaemonPod" : "SucceededDaemonPod",
                      Concat("Found ", failed ? "failed" : "succeeded", " daemon pod ",
                             NamespaceOf(pod), "/", NameOf(pod), " on node ", place.node,
                             failed ? ", will try to kill it" : ", will try to delete it"));
    RETURN_IF_ERROR(Delete(work, place, i));
  }
  if (place.pods.empty()) {
    return place.runs ? Create(work, place.node) : absl::OkStatus();
  }
  const bool surges = IsRolling(work.set) && Limit(work.set, "maxSurge", 100) > 0;
  if (surges && place.pods.size() == 2 &&
      IsNew(work, place.pods[0]) != IsNew(work, place.pods[1])) {
    const size_t old = IsNew(work, place.pods[0]) ? 1 : 0;
    // The old one goes as soon as the new one is well, or is of no use itself.
    const bool goes = IsWell(work, place.pods[1 - old]) || !IsWell(work, place.pods[old]);
    return goes ? Delete(work, place, old) : absl::OkStatus();
  }
  // Of several the oldest stays.
  while (place.pods.size() > 1) RETURN_IF_ERROR(Delete(work, place, place.pods.size() - 1));
  return absl::OkStatus();
}

// Those that are not well go at once, which makes nothing worse; of the others as many as may be
// unavailable.
absl::Status DaemonSetController::Update(Work& work) {
  const auto desired = std::count_if(work.places.begin(), work.places.end(),
                                     [](const Place& place) { return place.runs; });
  if (const int64_t surge = Limit(work.set, "maxSurge", desired); surge > 0) {
    return Surge(work, surge);
  }
  int64_t budget = std::max<int64_t>(Limit(work.set, "maxUnavailable", desired), 1);
  for (const Place& place : work.places) {
    if (!place.runs) continue;
    const bool well = std::any_of(place.pods.begin(), place.pods.end(),
                                  [&](const json::Object& pod) { return IsWell(work, pod); });
    budget -= well ? 0 : 1;
  }
  for (Place& place : work.places) {
    if (!place.stays || place.pods.empty() || IsNew(work, place.pods[0])) continue;
    if (IsWell(work, place.pods[0])) {
      if (budget <= 0) continue;
      --budget;
    }
    RETURN_IF_ERROR(Delete(work, place, 0));
  }
  return absl::OkStatus();
}

// New pods come beside the old ones.
absl::Status DaemonSetController::Surge(Work& work, int64_t surge) {
  for (const Place& place : work.places) surge -= place.pods.size() > 1 ? 1 : 0;
  for (Place& place : work.places) {
    if (!place.runs || place.pods.size() != 1 || IsNew(work, place.pods[0])) continue;
    if (!IsWell(work, place.pods[0])) {
      RETURN_IF_ERROR(Delete(work, place, 0));
    } else if (surge > 0) {
      RETURN_IF_ERROR(Create(work, place.node));
      --surge;
    }
  }
  return absl::OkStatus();
}

absl::Status DaemonSetController::Create(Work& work, const std::string& node) {
  json::Object pod = PodFromTemplate(work.set);
  kinds::Set(kinds::Child(kinds::Child(pod, "metadata"), "labels"), kHashLabel,
             json::ToBoost(work.hash));
  json::Object& spec = kinds::Child(pod, "spec");
  spec["tolerations"] = Tolerations(work.set);
  json::Object& required =
      kinds::Child(kinds::Child(kinds::Child(spec, "affinity"), "nodeAffinity"),
                   "requiredDuringSchedulingIgnoredDuringExecution");
  const json::Array only{json::Object{
      {"key", "metadata.name"}, {"operator", "In"}, {"values", json::Array{json::ToBoost(node)}}}};
  // The scheduler shall have no choice.
  required = json::Object{{"nodeSelectorTerms", json::Array{json::Object{{"matchFields", only}}}}};
  ASSIGN_OR_RETURN(const json::Object created, control_.Create(work.set, std::move(pod)));
  Wrote(work.key, created);
  return absl::OkStatus();
}

absl::Status DaemonSetController::Delete(Work& work, Place& place, size_t pod) {
  RETURN_IF_ERROR(control_.Delete(work.set, place.pods[pod]));
  place.pods.erase(place.pods.begin() + static_cast<int64_t>(pod));
  return absl::OkStatus();
}

bool DaemonSetController::MayReplace(const Work& work, const std::string& node) {
  const auto now = environment().clock.Now();
  MutexLock lock(mutex_);
  Failures& failures = failures_[Concat(work.key, "/", node)];
  if (now < failures.again) {
    queue().AddAfter(work.key, failures.again - now);
    return false;
  }
  // After a long time without any it begins anew.
  const bool calm = now - failures.again > std::chrono::seconds(2 * kLongestPause);
  failures.pause = calm || failures.pause == 0 ? 1 : std::min(failures.pause * 2, kLongestPause);
  failures.again = now + std::chrono::seconds(failures.pause);
  return true;
}

void DaemonSetController::Count(Work& work) {
  std::map<std::string_view, int64_t> counts;
  int64_t desired = 0;
  for (const Place& place : work.places) {
    if (!place.runs) {
      counts["numberMisscheduled"] += place.pods.empty() ? 0 : 1;
      continue;
    }
    ++desired;
    if (place.pods.empty()) continue;
    ++counts["currentNumberScheduled"];
    const auto ready = std::find_if(place.pods.begin(), place.pods.end(), IsReady);
    const json::Object& pod = ready == place.pods.end() ? place.pods.front() : *ready;
    counts["numberReady"] += IsReady(pod) ? 1 : 0;
    counts["numberAvailable"] += IsWell(work, pod) ? 1 : 0;
    counts["updatedNumberScheduled"] += IsNew(work, pod) ? 1 : 0;
  }
  counts["desiredNumberScheduled"] = desired;
  counts["numberUnavailable"] = desired - counts["numberAvailable"];
  counts["observedGeneration"] = Integer(work.set, {"metadata", "generation"});
  json::Object& status = kinds::Child(work.set, "status");
  for (const std::string_view name :
       {"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable"}) {
    kinds::Set(status, name, counts[name]);
  }
  if (counts["numberReady"] > counts["numberAvailable"]) {
    queue().AddAfter(work.key, std::chrono::seconds(1));
  }
}

}  // namespace kvplane::controller
