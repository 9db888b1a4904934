#include "controlplane/merge_schema.h"

namespace kvplane::api {

namespace {

constexpr const char* kDeduced = "__untyped_deduced_";
constexpr const char* kAtomic = "__untyped_atomic_";

json::Object ElementType(const Field& field) {
  switch (field.type) {
    case Type::kBool:
      return {{"scalar", "boolean"}};
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
      return {{"scalar", "numeric"}};
    case Type::kString:
    case Type::kBytes:
      return {{"scalar", "string"}};
    case Type::kTime:
    case Type::kMicroTime:
    case Type::kDuration:
    case Type::kIntOrString:
    case Type::kQuantity:
      return {{"scalar", "untyped"}};
    case Type::kMessage:
      return {{"namedType", json::ToBoost(field.message->FullName())}};
    case Type::kStrings:
      return {
          {"list", {{"elementType", {{"scalar", "string"}}}, {"elementRelationship", "atomic"}}}};
    default:
      return {{"namedType", kDeduced}};
  }
}

json::Object FieldType(const Field& field) {
  json::Object element = ElementType(field);
  if (field.shape == Shape::kSingle) {
    if (field.atomic_map) element["elementRelationship"] = "atomic";
    return element;
  }
  json::Object container{{"elementType", element}};
  if (field.shape == Shape::kMap) {
    container["elementRelationship"] = field.atomic_map ? "atomic" : "separable";
    return {{"map", container}};
  }
  container["elementRelationship"] =
      field.list_type == ListType::kAtomic ? "atomic" : "associative";
  if (field.list_type == ListType::kMap) {
    json::Array keys;
    for (const auto key : field.map_keys) keys.emplace_back(json::ToBoost(key));
    container["keys"] = keys;
  }
  return {{"list", container}};
}

// Where the value tells: scalars, lists as one thing, and maps whose own elements are of
// `map_type`.
json::Object Untyped(const char* name, const char* map_relationship) {
  const json::Object atomic{{"namedType", kAtomic}};
  return {
      {"name", name},
      {"scalar", "untyped"},
      {"list", {{"elementType", atomic}, {"elementRelationship", "atomic"}}},
      {"map", {{"elementType", {{"namedType", name}}}, {"elementRelationship", map_relationship}}}};
}

}  // namespace

json::Value MergeSchema(const Schema& schema) {
  json::Array types;
  types.push_back(Untyped(kDeduced, "separable"));
  types.push_back(Untyped(kAtomic, "atomic"));
  for (const Message& message : schema.messages()) {
    json::Array fields;
    for (const Field* field : message.slots) {
      json::Object entry{{"name", json::ToBoost(field->name)}, {"type", FieldType(*field)}};
      if (!field->default_key.empty()) entry["default"] = json::ToBoost(field->default_key);
      fields.push_back(entry);
    }
    json::Object map{{"fields", fields}};
    if (message.atomic) map["elementRelationship"] = "atomic";
    types.push_back({{"name", json::ToBoost(message.FullName())}, {"map", map}});
  }
  return {{"types", types}};
}

}  // namespace kvplane::api
