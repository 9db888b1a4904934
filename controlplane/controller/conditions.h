// Conditions: what a status says of an object, each of a type once.
//
// Thread safety: pure functions.
//
//   SetCondition(status, {{"type", "Complete"}, {"status", "True"}, …}, wall.Text());
#pragma once

#include <string>
#include <string_view>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

// Puts the condition in the place of the one of its type, or behind all others. lastTransitionTime
// is `now` where the condition's status is another than before; else it stays.
void SetCondition(json::Object& status, json::Object condition, const std::string& now);
void RemoveCondition(json::Object& status, std::string_view type);
// Null where there is none of the type.
const json::Object* FindCondition(const json::Object& status, std::string_view type);
inline bool IsConditionTrue(const json::Object& status, std::string_view type) {
  const json::Object* condition = FindCondition(status, type);
  const json::Value* value = condition == nullptr ? nullptr : json::Find(*condition, "status");
  return value != nullptr && *value == json::Value("True");
}

}  // namespace kvplane::controller
