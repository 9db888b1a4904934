#include "controller/disruption.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <utility>

#include "api/label_selector.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

// An eviction that has not deleted its pod by then failed.
constexpr int64_t kDisruptedSeconds = 120;

// A number, or a percentage of `total`, rounded up.
int64_t Scaled(const json::Value& value, int64_t total) {
  if (!value.is_string()) return value.is_int64() ? value.get_int64() : 0;
  const std::string_view text = json::View(value.get_string());
  int64_t percent = 0;
  std::from_chars(text.data(), text.data() + text.size(), percent);
  return (percent * total + 99) / 100;
}

bool IsHealthy(const json::Object& pod) {
  const json::Object* status = kinds::FindObject(pod, {"status"});
  return status != nullptr && !kinds::Has(pod, {"metadata", "deletionTimestamp"}) &&
         IsConditionTrue(*status, "Ready");
}

const json::Object* ControllerOf(const json::Object& object) {
  const json::Object* found = nullptr;
  kinds::ForEach(object, {"metadata", "ownerReferences"}, [&](const json::Object& owner) {
    if (kinds::True(owner, {"controller"})) found = &owner;
  });
  return found;
}

bool HasScale(const kinds::Kind& kind) {
  if (kind.definition == nullptr || !kind.namespaced) return false;
  const auto& versions = kind.definition->versions();
  return std::any_of(versions.begin(), versions.end(),
                     [](const auto& version) { return version->has_scale; });
}

}  // namespace

DisruptionController::DisruptionController(Environment& environment)
    : Controller(environment, {.name = "disruption-controller"}),
      budgets_(environment.informers.Of("policy/v1", "poddisruptionbudgets")),
      pods_(environment.informers.Of("v1", "pods")),
      replica_sets_(environment.informers.Of("apps/v1", "replicasets")),
      deployments_(environment.informers.Of("apps/v1", "deployments")),
      stateful_sets_(environment.informers.Of("apps/v1", "statefulsets")),
      replication_controllers_(environment.informers.Of("v1", "replicationcontrollers")) {
  budgets_.AddHandler([this](const Change& change) { queue().Add(change.key()); });
  // Those of the namespace: there are few.
  const auto all = [this](const Change& change) {
    for (const StoredObjectPtr& budget :
         budgets_.List(change.key().substr(0, change.key().find('/')))) {
      queue().Add(std::string(budgets_.KeyOf(*budget)));
    }
  };
  for (Informer* informer :
       {&pods_, &replica_sets_, &deployments_, &stateful_sets_, &replication_controllers_}) {
    informer->AddHandler(all);
  }
  for (const kinds::Kind& kind : environment.kinds.kinds()) {
    if (HasScale(kind)) environment.informers.Of(kind).AddHandler(all);
  }
}

std::vector<json::Object> DisruptionController::PodsOf(const json::Object& budget) const {
  std::vector<json::Object> pods;
  const json::Value* wanted = kinds::Find(budget, {"spec", "selector"});
  if (wanted == nullptr) return pods;
  const auto selector = api::LabelSelector::FromJson(*wanted);
  if (!selector.ok()) return pods;
  for (const StoredObjectPtr& stored : pods_.List(Text(budget, {"metadata", "namespace"}))) {
    if (!selector->Matches(stored->labels())) continue;
    json::Object pod = stored->Parse();
    const std::string_view phase = Text(pod, {"status", "phase"});
    if (phase != "Succeeded" && phase != "Failed") pods.push_back(std::move(pod));
  }
  return pods;
}

std::optional<DisruptionController::Scale> DisruptionController::ScaleOf(
    const std::string& name_space, const json::Object& owner) const {
  const std::string_view kind = Text(owner, {"kind"});
  const Informer* informer = kind == "ReplicaSet"              ? &replica_sets_
                             : kind == "StatefulSet"           ? &stateful_sets_
                             : kind == "ReplicationController" ? &replication_controllers_
                             : kind == "Deployment"            ? &deployments_
                                                               : nullptr;
  if (informer == nullptr) return CustomScaleOf(name_space, owner);
  const StoredObjectPtr known = informer->Get(Concat(name_space, "/", Text(owner, {"name"})));
  if (known == nullptr) return std::nullopt;
  const json::Object object = known->Parse();
  if (Text(object, {"metadata", "uid"}) != Text(owner, {"uid"})) return std::nullopt;
  // A replica set's deployment knows better while it is being replaced.
  const json::Object* above = kind == "ReplicaSet" ? ControllerOf(object) : nullptr;
  if (above != nullptr && Text(*above, {"kind"}) == "Deployment") {
    return ScaleOf(name_space, *above);
  }
  return Scale{std::string(Text(owner, {"uid"})), kinds::Integer(object, {"spec", "replicas"}, 1)};
}

std::optional<DisruptionController::Scale> DisruptionController::CustomScaleOf(
    const std::string& name_space, const json::Object& owner) const {
  const std::string_view group_version = Text(owner, {"apiVersion"});
  const kinds::Served* served = environment().kinds.FindKind(group_version, Text(owner, {"kind"}));
  if (served == nullptr || served->kind == nullptr || served->kind->version == nullptr ||
      !served->kind->version->has_scale) {
    return std::nullopt;
  }
  const auto scale =
      client().Ask("GET",
                   Concat("/apis/", group_version, "/namespaces/", name_space, "/",
                          served->resource->plural, "/", Text(owner, {"name"}), "/scale"),
                   {});
  if (!scale.ok() || Text(*scale, {"metadata", "uid"}) != Text(owner, {"uid"})) {
    return std::nullopt;
  }
  return Scale{std::string(Text(owner, {"uid"})), kinds::Integer(*scale, {"spec", "replicas"})};
}

int64_t DisruptionController::Replicas(const json::Object& budget,
                                       const std::vector<json::Object>& pods) {
  const std::string name_space(Text(budget, {"metadata", "namespace"}));
  std::map<std::string, int64_t> replicas;  // by the controllers' uids
  size_t unmanaged = 0;
  for (const json::Object& pod : pods) {
    const json::Object* owner = ControllerOf(pod);
    if (owner == nullptr) {
      ++unmanaged;
      continue;
    }
    const auto scale = ScaleOf(name_space, *owner);
    if (scale.has_value()) replicas[scale->uid] = scale->replicas;
  }
  if (unmanaged > 0) {
    recorder().Record(budget, EventType::kWarning, "UnmanagedPods",
                      Concat(unmanaged,
                             " pods selected by this PodDisruptionBudget have no controller; the "
                             "status of the budget cannot be calculated correctly"));
  }
  int64_t sum = 0;
  for (const auto& [uid, count] : replicas) sum += count;
  return sum;
}

DisruptionController::Count DisruptionController::Expect(const json::Object& budget,
                                                         const std::vector<json::Object>& pods) {
  const json::Value* unavailable = kinds::Find(budget, {"spec", "maxUnavailable"});
  if (unavailable != nullptr) {
    const int64_t expected = Replicas(budget, pods);
    return {expected, std::max<int64_t>(0, expected - Scaled(*unavailable, expected))};
  }
  const json::Value* available = kinds::Find(budget, {"spec", "minAvailable"});
  const auto count = static_cast<int64_t>(pods.size());
  if (available == nullptr) return {count, 0};
  if (!available->is_string()) return {count, Scaled(*available, 0)};
  const int64_t expected = Replicas(budget, pods);
  return {expected, Scaled(*available, expected)};
}

json::Object DisruptionController::Disrupted(const std::string& key, const json::Object& budget,
                                             const std::vector<json::Object>& pods) {
  json::Object believed;
  const json::Object* told = kinds::FindObject(budget, {"status", "disruptedPods"});
  if (told == nullptr) return believed;
  for (const json::Object& pod : pods) {
    const auto found = told->find(json::ToBoost(Text(pod, {"metadata", "name"})));
    if (found == told->end() || kinds::Has(pod, {"metadata", "deletionTimestamp"})) continue;
    const auto at = api::ParseTimestamp(kinds::Plain(found->value()));
    if (!at.ok()) continue;
    const int64_t left = at->seconds + kDisruptedSeconds - environment().wall.Now().seconds;
    if (left <= 0) continue;
    believed[found->key()] = found->value();
    queue().AddAfter(key, std::chrono::seconds(left));
  }
  return believed;
}

absl::Status DisruptionController::Sync(const std::string& key) {
  const StoredObjectPtr known = budgets_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object budget = known->Parse();
  const std::vector<json::Object> pods = PodsOf(budget);
  const Count count = Expect(budget, pods);
  const json::Object disrupted = Disrupted(key, budget, pods);
  const auto healthy = std::count_if(pods.begin(), pods.end(), [&](const json::Object& pod) {
    return IsHealthy(pod) && !disrupted.contains(json::ToBoost(Text(pod, {"metadata", "name"})));
  });
  const int64_t allowed = count.expected <= 0 ? 0 : std::max<int64_t>(0, healthy - count.desired);
  json::Object object = budget;
  json::Object& status = kinds::Child(object, "status");
  for (const auto& [name, number] :
       {std::pair{"currentHealthy", static_cast<int64_t>(healthy)},
        std::pair{"desiredHealthy", count.desired}, std::pair{"expectedPods", count.expected},
        std::pair{"disruptionsAllowed", allowed},
        std::pair{"observedGeneration", kinds::Integer(budget, {"metadata", "generation"})}}) {
    status[name] = number;
  }
  if (disrupted.empty()) {
    status.erase("disruptedPods");
  } else {
    status["disruptedPods"] = disrupted;
  }
  SetCondition(status,
               {{"type", "DisruptionAllowed"},
                {"status", allowed > 0 ? "True" : "False"},
                {"reason", allowed > 0 ? "SufficientPods" : "InsufficientPods"},
                {"message", ""},
                {"observedGeneration", kinds::Integer(budget, {"metadata", "generation"})}},
               environment().wall.Text());
  // One that an eviction has changed meanwhile is looked at again.
  const absl::Status written =
      client().UpdateFrom(budgets_.kind(), budget, std::move(object), "status").status();
  return registry::HasReason(written, "NotFound") ? absl::OkStatus() : written;
}

}  // namespace kvplane::controller
