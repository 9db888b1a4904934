// Members of documents whose form is not certain: empty where they are missing or something else.
//
// Thread safety: pure functions.
//
//   const json::Object* spec = ObjectAt(document, "spec");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"

namespace kvplane::auth {

inline const api::json::Object* ObjectAt(const api::json::Object& object, std::string_view name) {
  const api::json::Value* member = api::json::Find(object, name);
  return member != nullptr && member->is_object() ? &member->get_object() : nullptr;
}

inline std::string TextAt(const api::json::Object& object, std::string_view name) {
  const api::json::Value* member = api::json::Find(object, name);
  return member != nullptr && member->is_string()
             ? std::string(api::json::View(member->get_string()))
             : std::string();
}
inline std::string TextAt(const api::json::Object& object, std::string_view part,
                          std::string_view name) {
  const api::json::Object* inner = ObjectAt(object, part);
  return inner == nullptr ? std::string() : TextAt(*inner, name);
}

inline std::vector<std::string> TextsAt(const api::json::Object& object, std::string_view name) {
  std::vector<std::string> texts;
  const api::json::Value* member = api::json::Find(object, name);
  if (member == nullptr || !member->is_array()) return texts;
  for (const api::json::Value& value : member->get_array()) {
    if (value.is_string()) texts.emplace_back(api::json::View(value.get_string()));
  }
  return texts;
}

inline int64_t NumberAt(const api::json::Object& object, std::string_view name) {
  const api::json::Value* member = api::json::Find(object, name);
  if (member == nullptr) return 0;
  if (member->is_int64()) return member->get_int64();
  if (member->is_uint64()) return static_cast<int64_t>(member->get_uint64());
  if (member->is_double()) return static_cast<int64_t>(member->get_double());
  return 0;
}

}  // namespace kvplane::auth
