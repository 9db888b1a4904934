#include "apiserver/openapi_v2.h"

#include <algorithm>
#include <utility>

#include "apiserver/version.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::apiserver {

namespace json = api::json;

namespace {

using kinds::Find;
using kinds::FindObject;
using kinds::Text;
using kinds::True;
using kvshim::base::Concat;

// "#/components/schemas/x" is "#/definitions/x".
json::Value Reference(std::string_view reference) {
  constexpr std::string_view kThere = "#/components/schemas/";
  if (reference.starts_with(kThere)) reference.remove_prefix(kThere.size());
  return json::Value(json::ToBoost(Concat("#/definitions/", reference)));
}

// What an allOf of one schema refers to; empty where it is anything else.
std::string_view OnlyReference(const json::Object& schema) {
  const json::Array* all = kinds::FindArray(schema, {"allOf"});
  if (all == nullptr || all->size() != 1 || !(*all)[0].is_object()) return {};
  return Text((*all)[0].get_object(), {"$ref"});
}

json::Object Schema(json::Object schema);

json::Value SchemaOrBool(json::Value value) {
  if (json::Object* object = value.if_object()) return Schema(std::move(*object));
  return value;
}

void Loosen(json::Object& schema) {
  const bool nullable = True(schema, {"nullable"});
  const bool preserves = True(schema, {"x-kubernetes-preserve-unknown-fields"});
  if (nullable || preserves) {
    kinds::Remove(schema, "items");
    kinds::Remove(schema, "properties");
    kinds::Remove(schema, "type");
  }
  // A quantity is a text or a number, and is called a text.
  if (kinds::FindArray(schema, {"oneOf"}) != nullptr && Text(schema, {"type"}).empty() &&
      !nullable) {
    schema["type"] = "string";
  }
  if (True(schema, {"x-kubernetes-int-or-string"})) kinds::Remove(schema, "type");
  for (const std::string_view name : {"allOf", "anyOf", "oneOf", "not", "nullable"}) {
    kinds::Remove(schema, name);
  }
  if (Text(schema, {"type"}) == "array" && FindObject(schema, {"items"}) == nullptr) {
    kinds::Remove(schema, "type");
  }
}

json::Object Schema(json::Object schema) {
  std::string_view reference = Text(schema, {"$ref"});
  if (reference.empty()) reference = OnlyReference(schema);
  if (!reference.empty()) {
    json::Object out{{"$ref", Reference(reference)}};
    if (const json::Value* told = json::Find(schema, "description")) out["description"] = *told;
    return out;
  }
  Loosen(schema);
  for (const std::string_view name : {"items", "additionalProperties"}) {
    if (json::Value* one = json::Find(schema, name)) *one = SchemaOrBool(std::move(*one));
  }
  if (json::Object* properties = FindObject(schema, {"properties"})) {
    for (auto& property : *properties) property.value() = SchemaOrBool(std::move(property.value()));
  }
  return schema;
}

// The type stands beside the name.
json::Object Parameter(json::Object parameter) {
  if (json::Object* schema = FindObject(parameter, {"schema"})) {
    json::Object type = std::move(*schema);
    kinds::Remove(parameter, "schema");
    for (auto& member : type) parameter[member.key()] = std::move(member.value());
  }
  return parameter;
}

json::Array Parameters(const json::Object& from) {
  json::Array out;
  kinds::ForEach(from, {"parameters"},
                 [&](const json::Object& one) { out.push_back(Parameter(one)); });
  return out;
}

// The media types of some content, and the schema that all of them have.
json::Object SchemaOf(const json::Object& content, json::Array& types) {
  json::Object schema;
  for (const auto& type : content) {
    types.emplace_back(type.key());
    if (const json::Object* one = FindObject(type.value().get_object(), {"schema"})) schema = *one;
  }
  return Schema(std::move(schema));
}

json::Object Operation(json::Object operation) {
  json::Array parameters = Parameters(operation);
  json::Array consumes;
  if (const json::Object* content = FindObject(operation, {"requestBody", "content"})) {
    parameters.push_back(json::Object{{"name", "body"},
                                      {"in", "body"},
                                      {"required", true},
                                      {"schema", SchemaOf(*content, consumes)}});
  }
  kinds::Remove(operation, "requestBody");
  if (consumes.empty()) consumes.emplace_back("*/*");
  operation["parameters"] = std::move(parameters);
  operation["consumes"] = std::move(consumes);
  json::Array produces;
  for (auto& response : kinds::Child(operation, "responses")) {
    json::Object& one = response.value().get_object();
    if (const json::Object* content = FindObject(one, {"content"})) {
      one["schema"] = SchemaOf(*content, produces);
    }
    kinds::Remove(one, "content");
  }
  operation["produces"] = std::move(produces);
  return operation;
}

}  // namespace

json::Object NewOpenapiV2() {
  return {{"swagger", "2.0"},
          {"info", json::Object{{"title", "Kubernetes"}, {"version", json::ToBoost(kGitVersion)}}},
          {"paths", json::Object()},
          {"definitions", json::Object()}};
}

void AddToOpenapiV2(const json::Object& openapi3, json::Object& document) {
  json::Object& paths = kinds::Child(document, "paths");
  if (const json::Object* from = FindObject(openapi3, {"paths"})) {
    for (const auto& path : *from) {
      json::Object item;
      for (const auto& member : path.value().get_object()) {
        if (const json::Object* operation = member.value().if_object()) {
          item[member.key()] = Operation(*operation);
        }
      }
      item["parameters"] = Parameters(path.value().get_object());
      paths[path.key()] = std::move(item);
    }
  }
  json::Object& definitions = kinds::Child(document, "definitions");
  if (const json::Object* from = FindObject(openapi3, {"components", "schemas"})) {
    for (const auto& schema : *from) {
      if (definitions.contains(schema.key())) continue;
      definitions[schema.key()] = Schema(schema.value().get_object());
    }
  }
}

}  // namespace kvplane::apiserver
