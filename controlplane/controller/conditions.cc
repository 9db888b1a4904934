#include "controller/conditions.h"

#include <algorithm>
#include <utility>

#include "kinds/members.h"

namespace kvplane::controller {

using kinds::Text;

void SetCondition(json::Object& status, json::Object condition, const std::string& now) {
  json::Value& list = status["conditions"];
  if (!list.is_array()) list = json::Array();
  condition["lastTransitionTime"] = now;
  for (json::Value& value : list.get_array()) {
    json::Object* known = value.if_object();
    if (known == nullptr || Text(*known, {"type"}) != Text(condition, {"type"})) continue;
    if (Text(*known, {"status"}) == Text(condition, {"status"})) {
      condition["lastTransitionTime"] = json::ToBoost(Text(*known, {"lastTransitionTime"}));
    }
    // What others keep in it stays: lastProbeTime, observedGeneration.
    for (const auto& member : condition) (*known)[member.key()] = member.value();
    return;
  }
  list.get_array().push_back(std::move(condition));
}

void RemoveCondition(json::Object& status, std::string_view type) {
  json::Array* list = kinds::FindArray(status, {"conditions"});
  if (list == nullptr) return;
  const auto is_it = [&](const json::Value& one) {
    return one.is_object() && Text(one.get_object(), {"type"}) == type;
  };
  list->erase(std::remove_if(list->begin(), list->end(), is_it), list->end());
  if (list->empty()) kinds::Remove(status, "conditions");
}

const json::Object* FindCondition(const json::Object& status, std::string_view type) {
  const json::Object* found = nullptr;
  kinds::ForEach(status, {"conditions"}, [&](const json::Object& condition) {
    if (Text(condition, {"type"}) == type) found = &condition;
  });
  return found;
}

}  // namespace kvplane::controller
