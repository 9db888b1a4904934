// Members: reading and setting what lies some names deep in a document.
//
// Thread safety: pure functions.
//
//   Text(pod, {"spec", "nodeName"}) == "node-1";
//   Child(pod, "metadata")["labels"] = …;
//   SetDefault(Child(pod, "spec"), "restartPolicy", "Always");
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "api/json.h"

namespace kvplane::kinds {

namespace json = api::json;
using Path = std::initializer_list<std::string_view>;

// Null where one of the names is missing or lies in no object.
const json::Value* Find(const json::Object& object, Path path);
json::Value* Find(json::Object& object, Path path);
// Null also where it is no object, or no array.
const json::Object* FindObject(const json::Object& object, Path path);
json::Object* FindObject(json::Object& object, Path path);
const json::Array* FindArray(const json::Object& object, Path path);
json::Array* FindArray(json::Object& object, Path path);

// Empty, the fallback or false where it is missing or of another kind.
std::string_view Text(const json::Object& object, Path path);
int64_t Integer(const json::Object& object, Path path, int64_t fallback = 0);
bool True(const json::Object& object, Path path);
bool Has(const json::Object& object, Path path);

// The member as an object; one that is missing, or no object, becomes an empty one.
json::Object& Child(json::Object& object, std::string_view name);
void Set(json::Object& object, std::string_view name, json::Value value);
// Sets what is missing, null or an empty text.
void SetDefault(json::Object& object, std::string_view name, json::Value value);
void Remove(json::Object& object, std::string_view name);

// A text, or a number as text; empty for anything else.
std::string Plain(const json::Value& value);
inline json::Value ValueOf(std::string_view text) { return json::Value(json::ToBoost(text)); }

// Calls `each` with every element that is an object.
template <typename Function>
void ForEach(const json::Object& object, Path path, const Function& each) {
  const json::Array* array = FindArray(object, path);
  if (array == nullptr) return;
  for (const json::Value& element : *array) {
    if (const json::Object* one = element.if_object()) each(*one);
  }
}
template <typename Function>
void ForEach(json::Object& object, Path path, const Function& each) {
  json::Array* array = FindArray(object, path);
  if (array == nullptr) return;
  for (json::Value& element : *array) {
    if (json::Object* one = element.if_object()) each(*one);
  }
}

}  // namespace kvplane::kinds
