#include "apiserver/openapi_schema.h"

#include <utility>

#include "base/strings.h"
#include "kinds/kind.h"

namespace kvplane::apiserver {

namespace json = api::json;

namespace {

using kvshim::base::Concat;

class Maker {
 public:
  Maker(std::string_view prefix, const std::function<void(const api::Message&)>& refer)
      : prefix_(prefix), refer_(refer) {}

  json::Object Message(const api::Message& message) {
    json::Object properties;
    json::Array required;
    if (message.typed) {
      properties["apiVersion"] = json::Object{{"type", "string"}};
      properties["kind"] = json::Object{{"type", "string"}};
    }
    for (const api::Field* field : message.slots) {
      const auto name = json::ToBoost(field->name);
      properties[name] = Property(*field);
      if (field->required) required.push_back(name);
    }
    json::SortMembers(properties);
    json::Object schema{{"type", "object"}};
    if (!properties.empty()) schema["properties"] = std::move(properties);
    if (!required.empty()) schema["required"] = std::move(required);
    if (message.atomic) schema["x-kubernetes-map-type"] = "atomic";
    return schema;
  }

 private:
  json::Object Property(const api::Field& field) {
    json::Object schema = Shaped(field);
    if (field.shape == api::Shape::kList) AddListType(field, schema);
    if (field.atomic_map) schema["x-kubernetes-map-type"] = "atomic";
    std::string strategy;
    if (field.patch_merge) strategy = "merge";
    if (field.patch_replace) strategy = "replace";
    if (field.patch_retain_keys) strategy += strategy.empty() ? "retainKeys" : ",retainKeys";
    if (!strategy.empty()) schema["x-kubernetes-patch-strategy"] = strategy;
    if (!field.patch_merge_key.empty()) {
      schema["x-kubernetes-patch-merge-key"] = json::ToBoost(field.patch_merge_key);
    }
    return schema;
  }

  json::Object Shaped(const api::Field& field) {
    json::Object element = Element(field);
    if (field.shape == api::Shape::kList) return {{"type", "array"}, {"items", element}};
    if (field.shape == api::Shape::kMap) {
      return {{"type", "object"}, {"additionalProperties", element}};
    }
    return element;
  }

  json::Object Element(const api::Field& field) {
    switch (field.type) {
      case api::Type::kBool:
        return {{"type", "boolean"}};
      case api::Type::kInt32:
        return {{"type", "integer"}, {"format", "int32"}};
      case api::Type::kInt64:
        return {{"type", "integer"}, {"format", "int64"}};
      case api::Type::kDouble:
        return {{"type", "number"}, {"format", "double"}};
      case api::Type::kString:
      case api::Type::kDuration:
        return {{"type", "string"}};
      case api::Type::kBytes:
        return {{"type", "string"}, {"format", "byte"}};
      case api::Type::kTime:
      case api::Type::kMicroTime:
        return {{"type", "string"}, {"format", "date-time"}};
      case api::Type::kIntOrString:
        return {{"format", "int-or-string"},
                {"oneOf",
                 json::Array{json::Object{{"type", "integer"}}, json::Object{{"type", "string"}}}}};
      case api::Type::kQuantity:
        return {{"oneOf",
                 json::Array{json::Object{{"type", "string"}}, json::Object{{"type", "number"}}}}};
      case api::Type::kRaw:
      case api::Type::kFieldsV1:
        return {{"type", "object"}};
      case api::Type::kStrings:
        return {{"type", "array"}, {"items", json::Object{{"type", "string"}}}};
      case api::Type::kMessage:
        return Reference(*field.message);
      default:
        return {};  // any JSON
    }
  }

  // Beside a $ref nothing else is read in this version of OpenAPI.
  json::Object Reference(const api::Message& message) {
    refer_(message);
    return {{"allOf", json::Array{json::Object{{"$ref", Concat(prefix_, SchemaName(message))}}}},
            {"default", json::Object()}};
  }

  static void AddListType(const api::Field& field, json::Object& schema) {
    switch (field.list_type) {
      case api::ListType::kAtomic:
        schema["x-kubernetes-list-type"] = "atomic";
        break;
      case api::ListType::kSet:
        schema["x-kubernetes-list-type"] = "set";
        break;
      case api::ListType::kMap: {
        schema["x-kubernetes-list-type"] = "map";
        json::Array keys;
        for (const std::string_view key : field.map_keys) keys.push_back(json::ToBoost(key));
        schema["x-kubernetes-list-map-keys"] = std::move(keys);
        break;
      }
    }
  }

  const std::string_view prefix_;
  const std::function<void(const api::Message&)>& refer_;
};

}  // namespace

std::string SchemaName(const api::Message& message) {
  constexpr std::string_view kTheirs = "k8s.io.";
  const std::string name = message.FullName();
  return name.starts_with(kTheirs) ? Concat("io.k8s.", name.substr(kTheirs.size())) : name;
}

json::Object SchemaOf(const api::Message& message, std::string_view prefix,
                      const std::function<void(const api::Message&)>& refer) {
  return Maker(prefix, refer).Message(message);
}

json::Object GroupVersionKind(std::string_view group_version, std::string_view kind) {
  return {{"group", json::ToBoost(kinds::GroupOf(group_version))},
          {"kind", json::ToBoost(kind)},
          {"version", json::ToBoost(kinds::VersionOf(group_version))}};
}

}  // namespace kvplane::apiserver
