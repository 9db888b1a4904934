#include "kinds/schema_type.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace kvplane::kinds {

namespace {

using api::StructuralSchema;
using cel::SimpleType;
using cel::TypePtr;
using Kind = cel::Type::Kind;
using Fields = std::map<std::string, cel::Field, std::less<>>;

TypePtr ListOf(const StructuralSchema& schema) {
  if (schema.items == nullptr) return nullptr;
  TypePtr element = SchemaType(*schema.items, schema.items->embedded);
  if (element == nullptr) return nullptr;
  TypePtr list = cel::ListType(std::move(element));
  if (schema.list_type == api::ListType::kAtomic) return list;
  auto keyed = std::make_shared<cel::Type>(*list);
  const bool set = schema.list_type == api::ListType::kSet;
  keyed->identity = set ? cel::ListIdentity::kSet : cel::ListIdentity::kKeys;
  for (const std::string& key : schema.list_keys) {
    if (auto name = cel::Escape(key)) keyed->keys.push_back(*std::move(name));
  }
  return keyed;
}

TypePtr ObjectOf(const StructuralSchema& schema, bool object) {
  Fields fields;
  for (const auto& [name, property] : schema.properties) {
    auto escaped = cel::Escape(name);
    TypePtr type = SchemaType(*property, property->embedded);
    if (type == nullptr || !escaped) continue;
    fields.emplace(*std::move(escaped), cel::Field{name, std::move(type)});
  }
  if (object) {
    const TypePtr& text = SimpleType(Kind::kString);
    fields["apiVersion"] = {"apiVersion", text};
    fields["kind"] = {"kind", text};
    fields["metadata"] = {"metadata",
                          cel::ObjectType("object", {{"name", {"name", text}},
                                                     {"generateName", {"generateName", text}}})};
  }
  return cel::ObjectType("object", std::move(fields));
}

TypePtr TextOf(const StructuralSchema& schema) {
  if (schema.format == "byte") return SimpleType(Kind::kBytes);
  if (schema.format == "duration") return SimpleType(Kind::kDuration);
  if (schema.format == "date" || schema.format == "date-time") {
    return SimpleType(Kind::kTimestamp);
  }
  return SimpleType(Kind::kString);
}

}  // namespace

TypePtr SchemaType(const StructuralSchema& schema, bool object) {
  if (schema.int_or_string) return SimpleType(Kind::kDyn);
  if (schema.type == "array") return ListOf(schema);
  if (schema.type == "object") {
    if (schema.additional == nullptr) return ObjectOf(schema, object);
    TypePtr value = SchemaType(*schema.additional, schema.additional->embedded);
    if (value == nullptr) return nullptr;
    return cel::MapType(SimpleType(Kind::kString), std::move(value));
  }
  if (schema.type == "string") return TextOf(schema);
  if (schema.type == "boolean") return SimpleType(Kind::kBool);
  if (schema.type == "number") return SimpleType(Kind::kDouble);
  if (schema.type == "integer") return SimpleType(Kind::kInt);
  return nullptr;
}

}  // namespace kvplane::kinds
