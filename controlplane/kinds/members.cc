#include "kinds/members.h"

#include <utility>

namespace kvplane::kinds {

const json::Value* Find(const json::Object& object, Path path) {
  const json::Object* at = &object;
  const json::Value* value = nullptr;
  for (const std::string_view name : path) {
    if (at == nullptr) return nullptr;
    value = json::Find(*at, name);
    if (value == nullptr) return nullptr;
    at = value->if_object();
  }
  return value;
}

json::Value* Find(json::Object& object, Path path) {
  return const_cast<json::Value*>(Find(std::as_const(object), path));
}

const json::Object* FindObject(const json::Object& object, Path path) {
  const json::Value* value = Find(object, path);
  return value == nullptr ? nullptr : value->if_object();
}

json::Object* FindObject(json::Object& object, Path path) {
  return const_cast<json::Object*>(FindObject(std::as_const(object), path));
}

const json::Array* FindArray(const json::Object& object, Path path) {
  const json::Value* value = Find(object, path);
  return value == nullptr ? nullptr : value->if_array();
}

json::Array* FindArray(json::Object& object, Path path) {
  return const_cast<json::Array*>(FindArray(std::as_const(object), path));
}

std::string_view Text(const json::Object& object, Path path) {
  const json::Value* value = Find(object, path);
  if (value == nullptr || !value->is_string()) return {};
  return json::View(value->get_string());
}

int64_t Integer(const json::Object& object, Path path, int64_t fallback) {
  const json::Value* value = Find(object, path);
  if (value == nullptr) return fallback;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<int64_t>(value->get_uint64());
  return fallback;
}

bool True(const json::Object& object, Path path) {
  const json::Value* value = Find(object, path);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool Has(const json::Object& object, Path path) {
  const json::Value* value = Find(object, path);
  return value != nullptr && !value->is_null();
}

json::Object& Child(json::Object& object, std::string_view name) {
  json::Value& value = json::Member(object, name);
  if (!value.is_object()) value = json::Object();
  return value.get_object();
}

void Set(json::Object& object, std::string_view name, json::Value value) {
  object.insert_or_assign(json::ToBoost(name), std::move(value));
}

void SetDefault(json::Object& object, std::string_view name, json::Value value) {
  json::Value& member = json::Member(object, name);
  const bool empty = member.is_null() || (member.is_string() && member.get_string().empty());
  if (empty) member = std::move(value);
}

void Remove(json::Object& object, std::string_view name) { object.erase(json::ToBoost(name)); }

std::string Plain(const json::Value& value) {
  if (value.is_string()) return std::string(json::View(value.get_string()));
  return value.is_int64() || value.is_uint64() ? api::ToJson(value) : std::string();
}

}  // namespace kvplane::kinds
