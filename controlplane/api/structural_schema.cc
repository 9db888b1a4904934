#include "api/structural_schema.h"

#include <re2/re2.h>

#include <utility>

namespace kvplane::api {

namespace {

using Pointer = StructuralSchema::Pointer;

Pointer ReadOne(const json::Value* value) {
  if (value == nullptr || !value->is_object()) return nullptr;
  return std::make_unique<const StructuralSchema>(
      StructuralSchema::Read(value->get_object(), false));
}

class Reader {
 public:
  explicit Reader(const json::Object& schema) : schema_(schema) {}

  std::string Text(std::string_view name) const {
    const json::Value* value = json::Find(schema_, name);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(json::View(value->get_string()));
  }
  bool True(std::string_view name) const {
    const json::Value* value = json::Find(schema_, name);
    return value != nullptr && value->is_bool() && value->get_bool();
  }
  std::optional<double> Number(std::string_view name) const {
    const json::Value* value = json::Find(schema_, name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  }
  std::optional<int64_t> Integer(std::string_view name) const {
    const json::Value* value = json::Find(schema_, name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
  }
  std::vector<std::string> Texts(std::string_view name) const {
    std::vector<std::string> texts;
    for (const json::Value& one : Array(name)) {
      if (one.is_string()) texts.emplace_back(json::View(one.get_string()));
    }
    return texts;
  }
  std::vector<Pointer> Schemas(std::string_view name) const {
    std::vector<Pointer> schemas;
    for (const json::Value& one : Array(name)) {
      if (one.is_object()) schemas.push_back(ReadOne(&one));
    }
    return schemas;
  }
  Pointer Schema(std::string_view name) const { return ReadOne(json::Find(schema_, name)); }
  const json::Array& Array(std::string_view name) const {
    static const json::Array none;
    const json::Value* value = json::Find(schema_, name);
    return value == nullptr || !value->is_array() ? none : value->get_array();
  }

 private:
  const json::Object& schema_;
};

void ReadStructure(const json::Object& schema, const Reader& reader, StructuralSchema& out) {
  out.type = reader.Text("type");
  out.nullable = reader.True("nullable");
  out.preserves_unknown = reader.True("x-kubernetes-preserve-unknown-fields");
  out.embedded = reader.True("x-kubernetes-embedded-resource");
  out.int_or_string = reader.True("x-kubernetes-int-or-string");
  const json::Value* value = json::Find(schema, "default");
  if (value != nullptr && !value->is_null()) out.default_value = *value;
  const json::Value* properties = json::Find(schema, "properties");
  if (properties != nullptr && properties->is_object()) {
    for (const auto& one : properties->get_object()) {
      if (auto property = ReadOne(&one.value())) {
        out.properties.emplace(json::View(one.key()), std::move(property));
      }
    }
  }
  out.items = reader.Schema("items");
  out.additional = reader.Schema("additionalProperties");
  out.has_additional = out.additional != nullptr || reader.True("additionalProperties");
  const std::string list_type = reader.Text("x-kubernetes-list-type");
  if (list_type == "set") out.list_type = ListType::kSet;
  if (list_type == "map") out.list_type = ListType::kMap;
  out.list_keys = reader.Texts("x-kubernetes-list-map-keys");
  out.atomic_map = reader.Text("x-kubernetes-map-type") == "atomic";
}

SchemaRule ReadRule(const json::Object& rule) {
  const Reader reader(rule);
  SchemaRule out{.rule = reader.Text("rule"),
                 .message = reader.Text("message"),
                 .message_expression = reader.Text("messageExpression"),
                 .reason = reader.Text("reason"),
                 .field_path = reader.Text("fieldPath")};
  const json::Value* optional = json::Find(rule, "optionalOldSelf");
  if (optional != nullptr && optional->is_bool()) out.optional_old_self = optional->get_bool();
  return out;
}

void ReadRules(const Reader& reader, StructuralSchema& out) {
  out.format = reader.Text("format");
  out.pattern = reader.Text("pattern");
  if (!out.pattern.empty()) {
    auto expression = std::make_shared<re2::RE2>(out.pattern, re2::RE2::Quiet);
    if (expression->ok()) out.expression = std::move(expression);
  }
  out.minimum = reader.Number("minimum");
  out.maximum = reader.Number("maximum");
  out.exclusive_minimum = reader.True("exclusiveMinimum");
  out.exclusive_maximum = reader.True("exclusiveMaximum");
  out.multiple_of = reader.Number("multipleOf");
  out.min_length = reader.Integer("minLength");
  out.max_length = reader.Integer("maxLength");
  out.min_items = reader.Integer("minItems");
  out.max_items = reader.Integer("maxItems");
  out.min_properties = reader.Integer("minProperties");
  out.max_properties = reader.Integer("maxProperties");
  for (const json::Value& choice : reader.Array("enum")) out.choices.push_back(choice);
  out.required = reader.Texts("required");
  out.all_of = reader.Schemas("allOf");
  out.any_of = reader.Schemas("anyOf");
  out.one_of = reader.Schemas("oneOf");
  out.none_of = reader.Schema("not");
  for (const json::Value& rule : reader.Array("x-kubernetes-validations")) {
    if (rule.is_object()) out.rules.push_back(ReadRule(rule.get_object()));
  }
}

}  // namespace

StructuralSchema StructuralSchema::Read(const json::Object& schema, bool root) {
  StructuralSchema out;
  const Reader reader(schema);
  ReadStructure(schema, reader, out);
  ReadRules(reader, out);
  out.embedded |= root;
  return out;
}

const StructuralSchema* StructuralSchema::Property(std::string_view name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? nullptr : found->second.get();
}

const StructuralSchema* StructuralSchema::Member(std::string_view name) const {
  const StructuralSchema* property = Property(name);
  return property != nullptr ? property : additional.get();
}

bool IsObjectMember(std::string_view name) {
  return name == "apiVersion" || name == "kind" || name == "metadata";
}

}  // namespace kvplane::api
