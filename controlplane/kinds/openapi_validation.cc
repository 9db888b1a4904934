// What of OpenAPI may stand in the schema of a custom resource, and in which company.
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "api/json_equal.h"
#include "api/structural_document.h"
#include "api/structural_schema.h"
#include "base/strings.h"
#include "kinds/members.h"
#include "kinds/rule_validation.h"
#include "kinds/schema_validation.h"
#include "kinds/structural_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

bool Is(const json::Object& schema, std::string_view name, std::string_view text) {
  return Text(schema, {name}) == text;
}

json::Array Names(const json::Object& schema, std::string_view name) {
  const json::Array* names = FindArray(schema, {name});
  return names == nullptr ? json::Array() : *names;
}

class Checker {
 public:
  explicit Checker(FieldErrors& errors) : errors_(errors) {}

  // `no_defaults` says where defaults may not be; empty: they may.
  void Visit(const json::Object& schema, bool object, std::string_view no_defaults,
             const std::string& field) {
    field_ = field;
    schema_ = &schema;
    Supported(no_defaults);
    Extensions();
    Lists();
    Rules();
    Below(schema, object, no_defaults, field);
  }

 private:
  std::string At(std::string_view name) const { return Concat(field_, ".", name); }
  void Forbid(std::string_view name, std::string_view why) {
    errors_.push_back(Forbidden(At(name), why));
  }

  void Supported(std::string_view no_defaults) {
    static constexpr std::string_view kTypes[] = {"array",  "boolean", "integer",
                                                  "number", "object",  "string"};
    const std::string_view type = Text(*schema_, {"type"});
    const bool known = std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
    if (!type.empty() && !known) {
      errors_.push_back(
          NotSupported(At("type"), ValueOf(type), {std::begin(kTypes), std::end(kTypes)}));
    }
    if (type == "null") {
      Forbid("type", "type cannot be set to null, use nullable as an alternative");
    }
    if (Has(*schema_, {"default"}) && !no_defaults.empty()) {
      Forbid("default", Concat("must not be set ", no_defaults));
    }
    for (const std::string_view name :
         {"id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"}) {
      if (Has(*schema_, {name})) Forbid(name, Concat(name, " is not supported"));
    }
    if (FindArray(*schema_, {"items"}) != nullptr) {
      Forbid("items", "items must be a schema object and not an array");
    }
    if (True(*schema_, {"uniqueItems"})) {
      Forbid("uniqueItems",
             "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    }
    const json::Object* properties = FindObject(*schema_, {"properties"});
    const json::Value* additional = json::Find(*schema_, "additionalProperties");
    const bool both = properties != nullptr && !properties->empty() && additional != nullptr;
    if (both && *additional != json::Value(true)) {
      Forbid("additionalProperties", "additionalProperties and properties are mutual exclusive");
    }
  }

  // A member that wants another type of the schema.
  void WantType(std::string_view member, std::string_view wanted) {
    const std::string_view type = Text(*schema_, {"type"});
    if (!Has(*schema_, {member}) || type == wanted) return;
    const std::string why = Concat("must be ", wanted, " if ", member, " is specified");
    errors_.push_back(type.empty() ? Required(At("type"), why)
                                   : Invalid(At("type"), ValueOf(type), why));
  }

  void WantOneOf(std::string_view member, const std::vector<std::string_view>& choices) {
    if (!Has(*schema_, {member})) return;
    const std::string_view given = Text(*schema_, {member});
    if (std::find(choices.begin(), choices.end(), given) == choices.end()) {
      errors_.push_back(NotSupported(At(member), ValueOf(given), choices));
    }
  }

  void Extensions() {
    constexpr std::string_view kPreserve = "x-kubernetes-preserve-unknown-fields";
    if (Has(*schema_, {kPreserve}) && !True(*schema_, {kPreserve})) {
      errors_.push_back(Invalid(At(kPreserve), false, "must be true or undefined"));
    }
    WantType("x-kubernetes-map-type", "object");
    WantOneOf("x-kubernetes-map-type", {"atomic", "granular"});
    WantType("x-kubernetes-list-type", "array");
    WantOneOf("x-kubernetes-list-type", {"atomic", "set", "map"});
  }

  void Lists() {
    constexpr std::string_view kType = "x-kubernetes-list-type";
    const json::Array keys = Names(*schema_, "x-kubernetes-list-map-keys");
    if (!keys.empty() && !Is(*schema_, kType, "map")) {
      constexpr std::string_view kWhy = "must be map if x-kubernetes-list-map-keys is non-empty";
      errors_.push_back(Has(*schema_, {kType})
                            ? Invalid(At(kType), ValueOf(Text(*schema_, {kType})), kWhy)
                            : Required(At(kType), kWhy));
    }
    const json::Object* items = FindObject(*schema_, {"items"});
    if (Is(*schema_, kType, "map")) ListMap(keys, items);
    if (Is(*schema_, kType, "set") && items != nullptr) ListSet(*items);
    const bool keyed = Is(*schema_, kType, "map") || Is(*schema_, kType, "set");
    if (keyed && items != nullptr && True(*items, {"nullable"})) {
      Forbid("items.nullable",
             Concat("cannot be nullable when x-kubernetes-list-type is ", Text(*schema_, {kType})));
    }
  }

  void ListSet(const json::Object& items) {
    constexpr std::string_view kWhy =
        "must be atomic as item of a list with x-kubernetes-list-type=set";
    const std::string_view list = Text(items, {"x-kubernetes-list-type"});
    if (Is(items, "type", "array") && !list.empty() && list != "atomic") {
      errors_.push_back(Invalid(At("items.x-kubernetes-list-type"), ValueOf(list), kWhy));
    }
    if (Is(items, "type", "object") && !Is(items, "x-kubernetes-map-type", "atomic")) {
      errors_.push_back(Invalid(At("items.x-kubernetes-map-type"), json::Value(), kWhy));
    }
  }

  void ListMap(const json::Array& keys, const json::Object* items) {
    constexpr std::string_view kKeys = "x-kubernetes-list-map-keys";
    if (keys.empty()) {
      errors_.push_back(Required(At(kKeys), "must not be empty if x-kubernetes-list-type is map"));
    }
    if (items == nullptr) {
      errors_.push_back(
          Required(At("items"), "must have a schema if x-kubernetes-list-type is map"));
      return;
    }
    if (!Is(*items, "type", "object")) {
      errors_.push_back(Invalid(At("items.type"), ValueOf(Text(*items, {"type"})),
                                "must be object if parent array's x-kubernetes-list-type is map"));
      return;
    }
    std::set<std::string> seen;
    const json::Array required = Names(*items, "required");
    for (const json::Value& key : keys) {
      const std::string name = Plain(key);
      if (!seen.insert(name).second) {
        errors_.push_back(Invalid(At(kKeys), keys, "must not contain duplicate entries"));
      }
      const json::Object* property = FindObject(*items, {"properties", name});
      if (property == nullptr) {
        errors_.push_back(Invalid(At(kKeys), keys, "entries must all be names of item properties"));
        continue;
      }
      ListKey(name, *property, std::find(required.begin(), required.end(), key) != required.end());
    }
  }

  void ListKey(const std::string& name, const json::Object& property, bool required) {
    const std::string field = At(Concat("items.properties[", name, "]"));
    if (Is(property, "type", "array") || Is(property, "type", "object")) {
      errors_.push_back(
          Invalid(Concat(field, ".type"), "object",
                  "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (!required && !Has(property, {"default"})) {
      errors_.push_back(Required(Concat(field, ".default"),
                                 "this property is in x-kubernetes-list-map-keys, so it must have "
                                 "a default or be a required property"));
    }
    if (True(property, {"nullable"})) {
      errors_.push_back(
          Forbidden(Concat(field, ".nullable"),
                    "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
    }
  }

  void Rules() {
    size_t index = 0;
    ForEach(*schema_, {"x-kubernetes-validations"}, [&](const json::Object& rule) {
      ValidateRuleForm(rule, *schema_, At(Concat("x-kubernetes-validations[", index++, "]")),
                       errors_);
    });
  }

  void Below(const json::Object& schema, bool object, std::string_view no_defaults,
             const std::string& field) {
    if (const json::Object* properties = FindObject(schema, {"properties"})) {
      for (const auto& one : *properties) {
        const std::string_view name = json::View(one.key());
        const bool top = object && api::IsObjectMember(name);
        const std::string why = top ? Concat("in top-level ", name) : std::string(no_defaults);
        if (const json::Object* property = one.value().if_object()) {
          Visit(*property, false, why, Concat(field, ".properties[", name, "]"));
        }
      }
    }
    for (const std::string_view name : {"items", "additionalProperties", "not"}) {
      if (const json::Object* one = FindObject(schema, {name})) {
        Visit(*one, false, no_defaults, Concat(field, ".", name));
      }
    }
    for (const std::string_view name : {"allOf", "oneOf", "anyOf"}) {
      size_t index = 0;
      ForEach(schema, {name}, [&](const json::Object& one) {
        Visit(one, false, no_defaults, Concat(field, ".", name, "[", index++, "]"));
      });
    }
  }

  FieldErrors& errors_;
  // What is looked at; used only before what is below it.
  const json::Object* schema_ = nullptr;
  std::string field_;
};

void Defaults(const json::Object& schema, const std::string& field, FieldErrors& errors) {
  if (const json::Value* value = json::Find(schema, "default"); value && !value->is_null()) {
    const auto structural = api::StructuralSchema::Read(schema, /*root=*/false);
    const std::string place = Concat(field, ".default");
    json::Value pruned = *value;
    if (json::Object* object = pruned.if_object()) api::Prune(structural, *object);
    if (!api::JsonEqual(pruned, *value)) {
      errors.push_back(Invalid(place, *value, "must not have unknown fields"));
    } else {
      ValidateValue(structural, *value, place, errors);
    }
  }
  if (const json::Object* properties = FindObject(schema, {"properties"})) {
    for (const auto& one : *properties) {
      if (const json::Object* property = one.value().if_object()) {
        Defaults(*property, Concat(field, ".properties[", json::View(one.key()), "]"), errors);
      }
    }
  }
  for (const std::string_view name : {"items", "additionalProperties"}) {
    if (const json::Object* one = FindObject(schema, {name})) {
      Defaults(*one, Concat(field, ".", name), errors);
    }
  }
}

}  // namespace

void ValidateOpenApi(const json::Object& schema, const std::string& field, FieldErrors& errors) {
  Checker(errors).Visit(schema, true, "", field);
}

void ValidateSchemaDefaults(const json::Object& schema, const std::string& field,
                            FieldErrors& errors) {
  Defaults(schema, field, errors);
}

}  // namespace kvplane::kinds
