#include "controller/node_lifecycle.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;
using kvshim::base::MutexLock;

constexpr std::chrono::seconds kGrace{40};
// Nodes renew their leases every ten seconds. What falls silent together is not yet over its grace
// when the first of it is, but it is not alive.
constexpr std::chrono::seconds kAlive{20};
// Of a node that has never said how it is.
constexpr std::chrono::seconds kFirstGrace{60};
constexpr char kLeases[] = "kube-node-lease";
constexpr char kNotReady[] = "node.kubernetes.io/not-ready";
constexpr char kUnreachable[] = "node.kubernetes.io/unreachable";
constexpr char kUnschedulable[] = "node.kubernetes.io/unschedulable";

// What only the node can say.
constexpr std::string_view kOwnConditions[] = {"Ready", "MemoryPressure", "DiskPressure",
                                               "PIDPressure"};

// What a condition that is true keeps new pods from.
constexpr std::pair<std::string_view, std::string_view> kPressures[] = {
    {"MemoryPressure", "node.kubernetes.io/memory-pressure"},
    {"DiskPressure", "node.kubernetes.io/disk-pressure"},
    {"PIDPressure", "node.kubernetes.io/pid-pressure"},
    {"NetworkUnavailable", "node.kubernetes.io/network-unavailable"}};

// "True", "False", "Unknown"; empty where the node has not said.
std::string ConditionOf(const json::Object& object, std::string_view type) {
  const json::Object* status = kinds::FindObject(object, {"status"});
  const json::Object* condition = status == nullptr ? nullptr : FindCondition(*status, type);
  return condition == nullptr ? std::string() : std::string(Text(*condition, {"status"}));
}

std::string HeartbeatOf(const json::Object& node) {
  const json::Object* status = kinds::FindObject(node, {"status"});
  const json::Object* ready = status == nullptr ? nullptr : FindCondition(*status, "Ready");
  return ready == nullptr ? std::string() : std::string(Text(*ready, {"lastHeartbeatTime"}));
}

using Taints = std::set<std::pair<std::string, std::string>>;  // keys and effects

bool IsManaged(std::string_view key, std::string_view effect) {
  if (key == kNotReady || key == kUnreachable) {
    return effect == "NoSchedule" || effect == "NoExecute";
  }
  if (effect != "NoSchedule") return false;
  return key == kUnschedulable || std::any_of(std::begin(kPressures), std::end(kPressures),
                                              [&](const auto& one) { return one.second == key; });
}

Taints WantedTaints(const json::Object& node, bool evicts) {
  Taints wanted;
  const std::string ready = ConditionOf(node, "Ready");
  // One that has not said how it is yet has a minute to.
  if (ready == "False" || ready == "Unknown") {
    const char* const key = ready == "Unknown" ? kUnreachable : kNotReady;
    wanted.emplace(key, "NoSchedule");
    if (evicts) wanted.emplace(key, "NoExecute");
  }
  for (const auto& [type, key] : kPressures) {
    if (ConditionOf(node, type) == "True") wanted.emplace(key, "NoSchedule");
  }
  if (kinds::True(node, {"spec", "unschedulable"})) wanted.emplace(kUnschedulable, "NoSchedule");
  return wanted;
}

// The node's taints with those that are wanted, and none of ours that is not.
json::Array WithTaints(const json::Object& node, Taints wanted, const std::string& now) {
  json::Array taints;
  kinds::ForEach(node, {"spec", "taints"}, [&](const json::Object& taint) {
    const std::string key(Text(taint, {"key"}));
    const std::string effect(Text(taint, {"effect"}));
    const bool held = wanted.erase({key, effect}) > 0;
    if (held || !IsManaged(key, effect)) taints.push_back(taint);
  });
  for (const auto& [key, effect] : wanted) {
    json::Object taint{{"key", key}, {"effect", effect}};
    if (effect == "NoExecute") taint["timeAdded"] = json::ToBoost(now);
    taints.push_back(std::move(taint));
  }
  return taints;
}

absl::Status UnlessGone(const absl::Status& status) {
  return registry::HasReason(status, "NotFound") ? absl::OkStatus() : status;
}

}  // namespace

NodeLifecycleController::NodeLifecycleController(Environment& environment)
    : Controller(environment, {.name = "node-controller", .concurrency = 5}),
      nodes_(environment.informers.Of("v1", "nodes")),
      leases_(environment.informers.Of("coordination.k8s.io/v1", "leases")),
      pods_(environment.informers.Of("v1", "pods")) {
  pods_.AddIndex(kByNode);
  nodes_.AddHandler([this](const Change& change) {
    queue().Add(change.key());
    // Whether any is ready decides about all.
    const bool was = !change.added() && ConditionOf(change.old_document(), "Ready") == "True";
    const bool is = !change.deleted() && ConditionOf(change.document(), "Ready") == "True";
    if (was == is) return;
    {
      MutexLock lock(mutex_);
      is ? (void)ready_.insert(change.key()) : (void)ready_.erase(change.key());
    }
    AddAllNodes();
  });
  leases_.AddHandler([this](const Change& change) {
    const std::string prefix = Concat(kLeases, "/");
    if (change.key().starts_with(prefix)) queue().Add(change.key().substr(prefix.size()));
  });
}

void NodeLifecycleController::AddAllNodes() {
  for (const StoredObjectPtr& node : nodes_.List()) queue().Add(std::string(nodes_.KeyOf(*node)));
}

bool NodeLifecycleController::AnyIsAlive() {
  const auto now = environment().clock.Now();
  MutexLock lock(mutex_);
  return std::any_of(ready_.begin(), ready_.end(), [&](const std::string& name) REQUIRES(mutex_) {
    const auto heard = heard_.find(name);
    return heard != heard_.end() && now - heard->second.at < kAlive;
  });
}

kvshim::base::Duration NodeLifecycleController::SilenceOf(const std::string& name,
                                                          const json::Object& node) {
  const StoredObjectPtr lease = leases_.Get(Concat(kLeases, "/", name));
  const std::string heartbeat = Concat(
      lease == nullptr ? std::string() : std::string(Text(lease->Parse(), {"spec", "renewTime"})),
      " ", HeartbeatOf(node), " ", Text(node, {"metadata", "uid"}));
  const auto now = environment().clock.Now();
  bool returns = false;
  kvshim::base::Duration silence{0};
  {
    MutexLock lock(mutex_);
    Heard& heard = heard_[name];
    if (heard.heartbeat != heartbeat) {
      returns = now - heard.at >= kAlive;
      heard = {heartbeat, now};
    }
    silence = now - heard.at;
  }
  // Others may have waited for one that lives.
  if (returns) AddAllNodes();
  return silence;
}

absl::Status NodeLifecycleController::Sync(const std::string& key) {
  const StoredObjectPtr known = nodes_.Get(key);
  if (known == nullptr) {
    MutexLock lock(mutex_);
    heard_.erase(key);
    return absl::OkStatus();
  }
  const json::Object node = known->Parse();
  const std::string ready = ConditionOf(node, "Ready");
  const auto silence = SilenceOf(key, node);
  const auto grace = ready.empty() ? kFirstGrace : kGrace;
  if (silence < grace) {
    queue().AddAfter(key, grace - silence);
  } else if (ready != "Unknown") {
    return MarkUnknown(key);  // which is heard of, and then tainted
  }
  if (ready != "True" && !ready.empty()) RETURN_IF_ERROR(MarkPodsNotReady(key));
  return Taint(key, node);
}

absl::Status NodeLifecycleController::MarkUnknown(const std::string& name) {
  const std::string now = environment().wall.Text();
  const auto mark = [&](json::Object& node) {
    const json::Value created = json::ToBoost(Text(node, {"metadata", "creationTimestamp"}));
    json::Object& status = kinds::Child(node, "status");
    for (const std::string_view type : kOwnConditions) {
      const json::Object* held = FindCondition(status, type);
      if (held == nullptr) {
        SetCondition(status,
                     {{"type", json::ToBoost(type)},
                      {"status", "Unknown"},
                      {"lastHeartbeatTime", created},
                      {"reason", "NodeStatusNeverUpdated"},
                      {"message", "Kubelet never posted node status."}},
                     now);
      } else if (Text(*held, {"status"}) != "Unknown") {
        json::Object condition = *held;
        condition["status"] = "Unknown";
        condition["reason"] = "NodeStatusUnknown";
        condition["message"] = "Kubelet stopped posting node status.";
        SetCondition(status, std::move(condition), now);
      }
    }
  };
  const auto marked = client().Change(nodes_.kind(), "", name, "status", mark);
  if (!marked.ok()) return UnlessGone(marked.status());
  recorder().Record(*marked, EventType::kNormal, "NodeNotReady",
                    Concat("Node ", name, " status is now: NodeNotReady"));
  return absl::OkStatus();
}

absl::Status NodeLifecycleController::MarkPodsNotReady(const std::string& name) {
  for (const StoredObjectPtr& stored : pods_.Find(kByNode, name)) {
    const json::Object pod = stored->Parse();
    if (ConditionOf(pod, "Ready") != "True") continue;
    const auto mark = [&](json::Object& object) {
      json::Object& status = kinds::Child(object, "status");
      const json::Object* held = FindCondition(status, "Ready");
      if (held == nullptr || Text(*held, {"status"}) != "True") return;
      json::Object condition = *held;
      condition["status"] = "False";
      SetCondition(status, std::move(condition), environment().wall.Text());
    };
    RETURN_IF_ERROR(UnlessGone(client()
                                   .Change(pods_.kind(), Text(pod, {"metadata", "namespace"}),
                                           Text(pod, {"metadata", "name"}), "status", mark)
                                   .status()));
  }
  return absl::OkStatus();
}

absl::Status NodeLifecycleController::Taint(const std::string& name, const json::Object& node) {
  const bool evicts = AnyIsAlive();
  const std::string now = environment().wall.Text();
  const json::Array* held = kinds::FindArray(node, {"spec", "taints"});
  const json::Array wanted = WithTaints(node, WantedTaints(node, evicts), now);
  if (api::JsonEqual(json::Value(held == nullptr ? json::Array() : *held), json::Value(wanted))) {
    return absl::OkStatus();
  }
  const auto taint = [&](json::Object& object) {
    json::Array taints = WithTaints(object, WantedTaints(object, evicts), now);
    json::Object& spec = kinds::Child(object, "spec");
    if (taints.empty()) {
      kinds::Remove(spec, "taints");
    } else {
      kinds::Set(spec, "taints", std::move(taints));
    }
  };
  return UnlessGone(client().Change(nodes_.kind(), "", name, "", taint).status());
}

}  // namespace kvplane::controller
