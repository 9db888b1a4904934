#include "controller/rollout.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "api/json_equal.h"
#include "base/strings.h"
#include "controller/pod_template.h"

namespace kvplane::controller {

namespace {

using kinds::Text;
using kvshim::base::Concat;

constexpr size_t kLongestHistory = 2000;

// The deployment's own, and what tells of its revisions rather than of the set's.
bool IsOwnAnnotation(std::string_view name) {
  return name == "kubectl.kubernetes.io/last-applied-configuration" || name == kRevision ||
         name == kRevisionHistory || name == kDesiredReplicas || name == kMaxReplicas ||
         name == "deprecated.deployment.rollback.to";
}

int64_t NumberAt(const json::Object& object, std::string_view annotation, int64_t fallback) {
  const std::string_view text = Text(object, {"metadata", "annotations", annotation});
  int64_t number = fallback;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : fallback;
}

bool Annotate(json::Object& object, std::string_view name, std::string_view value) {
  json::Object& annotations = kinds::Child(kinds::Child(object, "metadata"), "annotations");
  if (Text(annotations, {name}) == value && annotations.contains(json::ToBoost(name))) return false;
  kinds::Set(annotations, name, json::ToBoost(value));
  return true;
}

}  // namespace

int64_t SumReplicas(const ReplicaSets& sets) {
  int64_t sum = 0;
  for (const json::Object& set : sets) sum += ReplicasOf(set);
  return sum;
}

int64_t SumStatus(const ReplicaSets& sets, std::string_view member) {
  int64_t sum = 0;
  for (const json::Object& set : sets) sum += kinds::Integer(set, {"status", member});
  return sum;
}

bool IsRolling(const json::Object& deployment) {
  return Text(deployment, {"spec", "strategy", "type"}) == "RollingUpdate";
}

RolloutLimits LimitsOf(const json::Object& deployment) {
  const int64_t replicas = ReplicasOf(deployment);
  if (!IsRolling(deployment) || replicas == 0) return {};
  const auto at = [&](std::string_view name) {
    return kinds::Find(deployment, {"spec", "strategy", "rollingUpdate", name});
  };
  RolloutLimits limits{.surge = CountOf(at("maxSurge"), replicas, true),
                       .unavailable = CountOf(at("maxUnavailable"), replicas, false)};
  // Both may round to nothing, and then nothing could ever move.
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  limits.unavailable = std::min(limits.unavailable, replicas);
  return limits;
}

int64_t NewSetReplicas(const json::Object& deployment, int64_t all, int64_t replicas) {
  const int64_t wanted = ReplicasOf(deployment);
  if (!IsRolling(deployment)) return wanted;
  const int64_t room = wanted + LimitsOf(deployment).surge - all;
  return room <= 0 ? replicas : replicas + std::min(room, wanted - replicas);
}

int64_t ShareOf(const json::Object& deployment, const json::Object& set, int64_t left) {
  const int64_t replicas = ReplicasOf(set);
  if (replicas == 0 || left == 0) return 0;
  if (ReplicasOf(deployment) == 0) return std::max(-replicas, left);
  // What the whole was when the set got its size.
  int64_t whole = AnnotatedCount(set, kMaxReplicas);
  if (whole <= 0) whole = kinds::Integer(deployment, {"status", "replicas"});
  if (whole <= 0) return 0;
  const int64_t most = ReplicasOf(deployment) + LimitsOf(deployment).surge;
  const auto size = static_cast<int64_t>(std::llround(
      static_cast<double>(replicas) * static_cast<double>(most) / static_cast<double>(whole)));
  return left > 0 ? std::min(size - replicas, left) : std::max(size - replicas, left);
}

bool AreTemplatesEqual(const json::Object& deployment, const json::Object& set) {
  const auto plain = [](const json::Object& object) {
    const json::Object* found = kinds::FindObject(object, {"spec", "template"});
    json::Object pod_template = found == nullptr ? json::Object() : *found;
    if (json::Object* labels = kinds::FindObject(pod_template, {"metadata", "labels"})) {
      kinds::Remove(*labels, kTemplateHash);
    }
    return json::Value(std::move(pod_template));
  };
  return api::JsonEqual(plain(deployment), plain(set));
}

int64_t RolloutRevision(const json::Object& object) { return NumberAt(object, kRevision, 0); }

int64_t AnnotatedCount(const json::Object& set, std::string_view annotation) {
  return NumberAt(set, annotation, -1);
}

bool AnnotateReplicas(const json::Object& deployment, json::Object& set) {
  const int64_t replicas = ReplicasOf(deployment);
  const bool desired = Annotate(set, kDesiredReplicas, std::to_string(replicas));
  const int64_t most = replicas + LimitsOf(deployment).surge;
  return Annotate(set, kMaxReplicas, std::to_string(most)) || desired;
}

bool AnnotateFrom(const json::Object& deployment, int64_t revision, json::Object& set) {
  bool changed = false;
  if (const json::Object* all = kinds::FindObject(deployment, {"metadata", "annotations"})) {
    for (const auto& one : *all) {
      const std::string_view name = json::View(one.key());
      if (!IsOwnAnnotation(name)) changed |= Annotate(set, name, kinds::Plain(one.value()));
    }
  }
  const int64_t before = RolloutRevision(set);
  if (before >= revision) return changed;
  if (before > 0) {
    std::string history(Text(set, {"metadata", "annotations", kRevisionHistory}));
    if (!history.empty()) history += ',';
    history += std::to_string(before);
    while (history.size() > kLongestHistory) {
      const size_t comma = history.find(',');
      history.erase(0, comma == std::string::npos ? history.size() : comma + 1);
    }
    Annotate(set, kRevisionHistory, history);
  }
  Annotate(set, kRevision, std::to_string(revision));
  return true;
}

}  // namespace kvplane::controller
