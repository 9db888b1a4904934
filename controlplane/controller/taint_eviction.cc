#include "controller/taint_eviction.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"
#include "controller/conditions.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

bool IsNoExecute(const json::Object& taint) { return Text(taint, {"effect"}) == "NoExecute"; }

bool HasNoExecute(const json::Object& node) {
  bool found = false;
  kinds::ForEach(node, {"spec", "taints"},
                 [&](const json::Object& taint) { found |= IsNoExecute(taint); });
  return found;
}

bool Tolerates(const json::Object& toleration, const json::Object& taint) {
  const std::string_view effect = Text(toleration, {"effect"});
  if (!effect.empty() && effect != Text(taint, {"effect"})) return false;
  const std::string_view key = Text(toleration, {"key"});
  const bool exists = Text(toleration, {"operator"}) == "Exists";
  if (key.empty()) return exists;
  return key == Text(taint, {"key"}) &&
         (exists || Text(toleration, {"value"}) == Text(taint, {"value"}));
}

}  // namespace

TaintEvictionController::TaintEvictionController(Environment& environment)
    : Controller(environment, {.name = "node-controller", .concurrency = 8}),
      pods_(environment.informers.Of("v1", "pods")),
      nodes_(environment.informers.Of("v1", "nodes")) {
  pods_.AddIndex(kByNode);
  pods_.AddHandler([this](const Change& change) {
    if (change.deleted()) return;
    const StoredObjectPtr node = nodes_.Get(Text(change.document(), {"spec", "nodeName"}));
    if (node != nullptr && HasNoExecute(node->Parse())) queue().Add(change.key());
  });
  nodes_.AddHandler([this](const Change& change) {
    if (change.deleted() || !HasNoExecute(change.document())) return;
    for (const StoredObjectPtr& pod : pods_.Find(kByNode, std::string(change.key()))) {
      queue().Add(std::string(pods_.KeyOf(*pod)));
    }
  });
}

std::optional<int64_t> TaintEvictionController::EndOf(const json::Object& pod) const {
  const StoredObjectPtr node = nodes_.Get(Text(pod, {"spec", "nodeName"}));
  if (node == nullptr || kinds::Has(pod, {"metadata", "deletionTimestamp"})) return std::nullopt;
  std::optional<int64_t> end;
  kinds::ForEach(node->Parse(), {"spec", "taints"}, [&](const json::Object& taint) {
    if (!IsNoExecute(taint)) return;
    const auto added = api::ParseTimestamp(Text(taint, {"timeAdded"}));
    const int64_t since = added.ok() ? added->seconds : environment().wall.Now().seconds;
    // Of several tolerations the shortest counts; one without a time is for ever.
    bool tolerated = false;
    std::optional<int64_t> seconds;
    kinds::ForEach(pod, {"spec", "tolerations"}, [&](const json::Object& toleration) {
      if (!Tolerates(toleration, taint)) return;
      tolerated = true;
      if (!kinds::Has(toleration, {"tolerationSeconds"})) return;
      const int64_t given = std::max<int64_t>(0, kinds::Integer(toleration, {"tolerationSeconds"}));
      seconds = std::min(seconds.value_or(given), given);
    });
    if (tolerated && !seconds.has_value()) return;
    const int64_t over = since + seconds.value_or(0);
    end = std::min(end.value_or(over), over);
  });
  return end;
}

absl::Status TaintEvictionController::Sync(const std::string& key) {
  const StoredObjectPtr known = pods_.Get(key);
  if (known == nullptr) return absl::OkStatus();
  const json::Object pod = known->Parse();
  const std::optional<int64_t> end = EndOf(pod);
  if (!end.has_value()) return absl::OkStatus();
  const std::chrono::seconds left(*end - environment().wall.Now().seconds);
  if (left <= left.zero()) return Evict(pod);
  queue().AddAfter(key, left);
  return absl::OkStatus();
}

absl::Status TaintEvictionController::Evict(const json::Object& pod) {
  const std::string_view name_space = Text(pod, {"metadata", "namespace"});
  const std::string_view name = Text(pod, {"metadata", "name"});
  const auto mark = [&](json::Object& object) {
    SetCondition(kinds::Child(object, "status"),
                 {{"type", "DisruptionTarget"},
                  {"status", "True"},
                  {"reason", "DeletionByTaintManager"},
                  {"message", "Taint manager: deleting due to NoExecute taint"}},
                 environment().wall.Text());
  };
  const absl::Status marked =
      client().Change(pods_.kind(), name_space, name, "status", mark).status();
  if (registry::HasReason(marked, "NotFound")) return absl::OkStatus();
  RETURN_IF_ERROR(marked);
  recorder().Record(pod, EventType::kNormal, "TaintManagerEviction",
                    Concat("Marking for deletion Pod ", name_space, "/", name));
  const absl::Status deleted = client().Delete(
      pods_.kind(), name_space, name,
      {{"preconditions", json::Object{{"uid", json::ToBoost(Text(pod, {"metadata", "uid"}))}}}});
  const bool gone =
      registry::HasReason(deleted, "NotFound") || registry::HasReason(deleted, "Conflict");
  return gone ? absl::OkStatus() : deleted;
}

}  // namespace kvplane::controller
