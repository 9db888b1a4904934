#include "apiserver/defined_openapi.h"

#include <utility>

#include "apiserver/openapi_schema.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "kinds/members.h"

namespace kvplane::apiserver {

namespace json = api::json;

namespace {

using kvshim::base::Concat;

// "stable.example.com" and "v1" are "com.example.stable.v1".
std::string PackageOf(const kinds::Kind& kind) {
  std::string package;
  for (const std::string& part : kinds::SplitPath(kind.group)) {
    package = package.empty() ? part : Concat(part, ".", package);
  }
  return Concat(package, ".", kind.version->name);
}

json::Object Described(std::string_view description) {
  return {{"type", "string"}, {"description", json::ToBoost(description)}};
}

json::Object Referring(std::string_view reference) {
  return {{"allOf", json::Array{json::Object{{"$ref", json::ToBoost(reference)}}}},
          {"default", json::Object()}};
}

void AddObjectMembers(std::string_view metadata, json::Object& properties) {
  properties["apiVersion"] =
      Described("The version of the schema that this object is written in: group/version.");
  properties["kind"] = Described("The kind of this object, as its definition names it.");
  properties["metadata"] = Referring(metadata);
}

// Says what follows from Kubernetes' own words for clients that do not know them: that objects
// within objects have what every object has, and of which types an int-or-string may be.
void Unfold(std::string_view metadata, json::Object& schema) {
  for (const std::string_view name : {"items", "additionalProperties"}) {
    if (json::Object* one = kinds::FindObject(schema, {name})) Unfold(metadata, *one);
  }
  if (json::Object* properties = kinds::FindObject(schema, {"properties"})) {
    for (auto& property : *properties) {
      if (json::Object* one = property.value().if_object()) Unfold(metadata, *one);
    }
  }
  if (kinds::True(schema, {"x-kubernetes-int-or-string"}) && !kinds::Has(schema, {"anyOf"}) &&
      !kinds::Has(schema, {"allOf"})) {
    schema["anyOf"] =
        json::Array{json::Object{{"type", "integer"}}, json::Object{{"type", "string"}}};
  }
  if (kinds::True(schema, {"x-kubernetes-embedded-resource"})) {
    AddObjectMembers(metadata, kinds::Child(schema, "properties"));
  }
}

json::Array KindOf(const kinds::Kind& kind, std::string_view name) {
  return {GroupVersionKind(kind.version->group_version, name)};
}

}  // namespace

std::string DefinedSchemaName(const kinds::Kind& kind) {
  return Concat(PackageOf(kind), ".", kind.name);
}

std::string DefinedListName(const kinds::Kind& kind) {
  return Concat(PackageOf(kind), ".", kind.definition->names().list_kind);
}

json::Object DefinedSchema(const kinds::Kind& kind, std::string_view metadata) {
  json::Object schema{{"type", "object"}};
  auto parsed = api::ParseJson(kind.version->schema_text);
  if (parsed.ok() && parsed->is_object()) {
    schema = std::move(parsed->get_object());
    Unfold(metadata, schema);
    json::Object& properties = kinds::Child(schema, "properties");
    AddObjectMembers(metadata, properties);
    json::SortMembers(properties);
  }
  schema["x-kubernetes-group-version-kind"] = KindOf(kind, kind.name);
  json::Array selectable;
  for (const std::string& field : kind.version->selectable) {
    selectable.push_back(json::Object{{"fieldPath", field}});
  }
  if (!selectable.empty()) schema["x-kubernetes-selectable-fields"] = std::move(selectable);
  return schema;
}

json::Object DefinedListSchema(const kinds::Kind& kind, std::string_view prefix,
                               std::string_view metadata) {
  const std::string item = Concat(prefix, DefinedSchemaName(kind));
  json::Object properties;
  AddObjectMembers(metadata, properties);
  properties["items"] = json::Object{
      {"type", "array"}, {"description", "The objects of the list."}, {"items", Referring(item)}};
  return {{"type", "object"},
          {"required", json::Array{"items"}},
          {"properties", std::move(properties)},
          {"x-kubernetes-group-version-kind", KindOf(kind, kind.definition->names().list_kind)}};
}

}  // namespace kvplane::apiserver
