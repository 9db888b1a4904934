#include "controller/pod_garbage.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/status.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

// A node may come back under its name.
constexpr std::chrono::seconds kQuarantine{40};
constexpr std::chrono::seconds kPause{20};
constexpr char kEnded[] = "";  // no node's name

bool HasEnded(const json::Object& pod) {
  const std::string_view phase = Text(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

PodGarbageCollector::PodGarbageCollector(Environment& environment, size_t most_ended)
    : Controller(environment, {.name = "pod-garbage-collector"}),
      most_ended_(most_ended),
      pods_(environment.informers.Of("v1", "pods")),
      nodes_(environment.informers.Of("v1", "nodes")) {
  pods_.AddIndex(kByNode);
  nodes_.AddHandler([this](const Change& change) {
    if (change.deleted()) queue().AddAfter(change.key(), kQuarantine);
  });
  pods_.AddHandler([this](const Change& change) {
    if (change.deleted()) return;
    const std::string node(Text(change.document(), {"spec", "nodeName"}));
    if (!node.empty() && nodes_.Get(node) == nullptr) queue().AddAfter(node, kQuarantine);
    if (HasEnded(change.document())) queue().AddAfter(kEnded, kPause);
  });
}

absl::Status PodGarbageCollector::Sync(const std::string& key) {
  return key == kEnded ? RemoveEnded() : RemoveOrphans(key);
}

absl::Status PodGarbageCollector::RemoveOrphans(const std::string& node) {
  if (nodes_.Get(node) != nullptr) return absl::OkStatus();
  const absl::Status there = client().Get(nodes_.kind(), "", node).status();
  if (there.ok()) return absl::OkStatus();
  if (!registry::HasReason(there, "NotFound")) return there;
  const std::string now = environment().wall.Text();
  for (const StoredObjectPtr& stored : pods_.Find(kByNode, node)) {
    const json::Object pod = stored->Parse();
    const auto fail = [&](json::Object& object) {
      json::Object& status = kinds::Child(object, "status");
      kinds::Set(status, "phase", "Failed");
      SetCondition(status,
                   {{"type", "DisruptionTarget"},
                    {"status", "True"},
                    {"reason", "DeletionByPodGC"},
                    {"message", "PodGC: node no longer exists"}},
                   now);
    };
    if (!HasEnded(pod)) {
      const absl::Status failed = client()
                                      .Change(pods_.kind(), Text(pod, {"metadata", "namespace"}),
                                              Text(pod, {"metadata", "name"}), "status", fail)
                                      .status();
      if (registry::HasReason(failed, "NotFound")) continue;
      RETURN_IF_ERROR(failed);
    }
    RETURN_IF_ERROR(Remove(pod));
  }
  return absl::OkStatus();
}

absl::Status PodGarbageCollector::RemoveEnded() {
  if (pods_.List().size() <= most_ended_) return absl::OkStatus();
  std::vector<std::pair<std::string, StoredObjectPtr>> ended;  // by age
  for (const StoredObjectPtr& stored : pods_.List()) {
    const json::Object pod = stored->Parse();
    if (HasEnded(pod)) ended.emplace_back(Text(pod, {"metadata", "creationTimestamp"}), stored);
  }
  if (ended.size() <= most_ended_) return absl::OkStatus();
  std::sort(ended.begin(), ended.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second->key()) < std::pair(b.first, b.second->key());
  });
  ended.resize(ended.size() - most_ended_);
  for (const auto& [age, stored] : ended) RETURN_IF_ERROR(Remove(stored->Parse()));
  return absl::OkStatus();
}

absl::Status PodGarbageCollector::Remove(const json::Object& pod) {
  const absl::Status deleted = client().Delete(
      pods_.kind(), Text(pod, {"metadata", "namespace"}), Text(pod, {"metadata", "name"}),
      {{"gracePeriodSeconds", 0},
       {"preconditions", json::Object{{"uid", json::ToBoost(Text(pod, {"metadata", "uid"}))}}}});
  const bool gone =
      registry::HasReason(deleted, "NotFound") || registry::HasReason(deleted, "Conflict");
  return gone ? absl::OkStatus() : deleted;
}

}  // namespace kvplane::controller
