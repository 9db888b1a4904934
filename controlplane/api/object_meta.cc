#include "api/object_meta.h"

#include <algorithm>

namespace kvplane::api {

namespace {

const json::Object& NoObject() {
  static const json::Object* const object = new json::Object();
  return *object;
}

const json::Array& NoArray() {
  static const json::Array* const array = new json::Array();
  return *array;
}

const json::Object& MetadataOf(const json::Object& document) {
  const json::Value* metadata = json::Find(document, "metadata");
  return metadata != nullptr && metadata->is_object() ? metadata->get_object() : NoObject();
}

bool IsText(const json::Value& value, std::string_view text) {
  return value.is_string() && json::View(value.get_string()) == text;
}

}  // namespace

ObjectMetaView::ObjectMetaView(const json::Object& document) : metadata_(MetadataOf(document)) {}

std::string_view ObjectMetaView::Text(std::string_view member) const {
  const json::Value* value = json::Find(metadata_, member);
  return value != nullptr && value->is_string() ? json::View(value->get_string())
                                                : std::string_view();
}

std::optional<int64_t> ObjectMetaView::Number(std::string_view member) const {
  const json::Value* value = json::Find(metadata_, member);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

const json::Object& ObjectMetaView::Map(std::string_view member) const {
  const json::Value* value = json::Find(metadata_, member);
  return value != nullptr && value->is_object() ? value->get_object() : NoObject();
}

const json::Array& ObjectMetaView::List(std::string_view member) const {
  const json::Value* value = json::Find(metadata_, member);
  return value != nullptr && value->is_array() ? value->get_array() : NoArray();
}

bool ObjectMetaView::HasFinalizer(std::string_view finalizer) const {
  const json::Array& all = finalizers();
  return std::any_of(all.begin(), all.end(),
                     [finalizer](const json::Value& value) { return IsText(value, finalizer); });
}

ObjectMeta::ObjectMeta(json::Object& document) : document_(document) { metadata(); }

json::Object& ObjectMeta::metadata() {
  json::Value& value = json::Member(document_, "metadata");
  return value.is_object() ? value.get_object() : value.emplace_object();
}

void ObjectMeta::Set(std::string_view member, std::string_view text) {
  if (text.empty()) {
    Remove(member);
  } else {
    metadata().insert_or_assign(json::ToBoost(member), json::ToBoost(text));
  }
}

void ObjectMeta::Set(std::string_view member, int64_t number) {
  metadata().insert_or_assign(json::ToBoost(member), number);
}

void ObjectMeta::Remove(std::string_view member) {
  json::Object& object = metadata();
  if (const auto found = object.find(json::ToBoost(member)); found != object.end()) {
    object.stable_erase(found);
  }
}

void ObjectMeta::SetEntry(std::string_view map, std::string_view key, std::string_view value) {
  json::Value& entries = metadata()[json::ToBoost(map)];
  if (!entries.is_object()) entries.emplace_object();
  entries.get_object().insert_or_assign(json::ToBoost(key), json::ToBoost(value));
  json::SortMembers(entries.get_object());
}

bool ObjectMeta::RemoveFinalizer(std::string_view finalizer) {
  json::Value* value = json::Find(metadata(), "finalizers");
  if (value == nullptr || !value->is_array()) return false;
  json::Array& all = value->get_array();
  const auto found = std::find_if(all.begin(), all.end(), [finalizer](const json::Value& element) {
    return IsText(element, finalizer);
  });
  if (found == all.end()) return false;
  all.erase(found);
  if (all.empty()) Remove("finalizers");
  return true;
}

}  // namespace kvplane::api
