#include "controller/node_fit.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "kinds/members.h"

namespace kvplane::controller {

namespace {

using kinds::Text;

std::optional<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `value` is null where the node has no such label.
bool Meets(const json::Object& requirement, const json::Value* value) {
  const std::string_view op = Text(requirement, {"operator"});
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  const json::Array* values = kinds::FindArray(requirement, {"values"});
  if (value == nullptr || values == nullptr) return op == "NotIn";
  if (op == "In" || op == "NotIn") {
    const bool listed = std::find(values->begin(), values->end(), *value) != values->end();
    return listed == (op == "In");
  }
  const auto has = Number(kinds::Plain(*value));
  const auto wanted = values->empty() ? std::nullopt : Number(kinds::Plain(values->front()));
  if (!has.has_value() || !wanted.has_value()) return false;
  return op == "Gt" ? *has > *wanted : *has < *wanted;
}

bool MeetsTerm(const json::Object& term, const json::Object& node) {
  static const json::Object kNone;
  const json::Object* labels = kinds::FindObject(node, {"metadata", "labels"});
  bool any = false;
  bool all = true;
  kinds::ForEach(term, {"matchExpressions"}, [&](const json::Object& requirement) {
    any = true;
    all &= Meets(requirement,
                 json::Find(labels == nullptr ? kNone : *labels, Text(requirement, {"key"})));
  });
  kinds::ForEach(term, {"matchFields"}, [&](const json::Object& requirement) {
    any = true;
    all &= Text(requirement, {"key"}) == "metadata.name" &&
           Meets(requirement, kinds::Find(node, {"metadata", "name"}));
  });
  return any && all;  // a term that asks for nothing matches nothing
}

bool Tolerates(const json::Object& toleration, const json::Object& taint) {
  const std::string_view effect = Text(toleration, {"effect"});
  if (!effect.empty() && effect != Text(taint, {"effect"})) return false;
  const std::string_view key = Text(toleration, {"key"});
  if (!key.empty() && key != Text(taint, {"key"})) return false;
  if (Text(toleration, {"operator"}) == "Exists") return true;
  return !key.empty() && Text(toleration, {"value"}) == Text(taint, {"value"});
}

}  // namespace

bool Attracts(const json::Object& pod_spec, const json::Object& node) {
  const std::string_view name = Text(pod_spec, {"nodeName"});
  if (!name.empty() && name != Text(node, {"metadata", "name"})) return false;
  if (const json::Object* wanted = kinds::FindObject(pod_spec, {"nodeSelector"})) {
    for (const auto& label : *wanted) {
      const json::Value* value = kinds::Find(node, {"metadata", "labels", json::View(label.key())});
      if (value == nullptr || *value != label.value()) return false;
    }
  }
  const json::Object* required = kinds::FindObject(
      pod_spec, {"affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
  if (required == nullptr) return true;
  bool matches = false;
  kinds::ForEach(*required, {"nodeSelectorTerms"},
                 [&](const json::Object& term) { matches |= MeetsTerm(term, node); });
  return matches;
}

std::string_view UntoleratedEffect(const json::Array& tolerations, const json::Object& node) {
  std::string_view worst;
  kinds::ForEach(node, {"spec", "taints"}, [&](const json::Object& taint) {
    const std::string_view effect = Text(taint, {"effect"});
    if (effect != "NoExecute" && effect != "NoSchedule") return;
    const bool tolerated = std::any_of(
        tolerations.begin(), tolerations.end(),
        [&](const json::Value& toleration) { return Tolerates(toleration.as_object(), taint); });
    if (!tolerated && worst != "NoExecute") worst = effect;
  });
  return worst;
}

}  // namespace kvplane::controller
