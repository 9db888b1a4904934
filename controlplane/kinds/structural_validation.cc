#include "kinds/structural_validation.h"

#include <re2/re2.h>

#include <algorithm>
#include <string_view>

#include "api/structural_schema.h"
#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

using api::IsObjectMember;
using kvshim::base::Concat;

std::string Child(const std::string& field, std::string_view name) {
  return Concat(field, ".", name);
}
std::string Key(const std::string& field, std::string_view list, std::string_view key) {
  return Concat(field, ".", list, "[", key, "]");
}
std::string Index(const std::string& field, std::string_view list, size_t index) {
  return Concat(field, ".", list, "[", index, "]");
}

const json::Object* SchemaAt(const json::Object& schema, std::string_view name) {
  return FindObject(schema, {name});
}

// Calls `each` with every schema in a list of them and its place.
template <typename Function>
void EachOf(const json::Object& schema, std::string_view list, const std::string& field,
            const Function& each) {
  size_t index = 0;
  ForEach(schema, {list}, [&](const json::Object& one) { each(one, Index(field, list, index++)); });
}

template <typename Function>
void EachProperty(const json::Object& schema, const std::string& field, const Function& each) {
  const json::Object* properties = SchemaAt(schema, "properties");
  if (properties == nullptr) return;
  for (const auto& property : *properties) {
    const std::string_view name = json::View(property.key());
    if (const json::Object* one = property.value().if_object()) {
      each(name, *one, Key(field, "properties", name));
    }
  }
}

enum class Level { kRoot, kItem, kField };

// One of the two ways in which an int-or-string may still tell its types.
bool IsIntOrStringChoice(const json::Object& schema) {
  const json::Array* choices = FindArray(schema, {"anyOf"});
  static const json::Array kChoices{json::Object{{"type", "integer"}},
                                    json::Object{{"type", "string"}}};
  return choices != nullptr && *choices == kChoices;
}

class StructureChecker {
 public:
  explicit StructureChecker(FieldErrors& errors) : errors_(errors) {}

  void Visit(const json::Object& schema, Level level, const std::string& field) {
    const std::string_view type = Text(schema, {"type"});
    const json::Object* items = SchemaAt(schema, "items");
    if (type == "array" && items == nullptr) {
      errors_.push_back(Required(Child(field, "items"), "must be specified"));
    }
    if (items != nullptr) Visit(*items, Level::kItem, Child(field, "items"));
    EachProperty(schema, field, [&](std::string_view, const json::Object& one, const auto& place) {
      Visit(one, Level::kField, place);
    });
    Additional(schema, level, field);
    Extensions(schema, field);
    const json::Array* all = FindArray(schema, {"allOf"});
    const bool first = all != nullptr && !all->empty() && (*all)[0].is_object() &&
                       IsIntOrStringChoice((*all)[0].get_object());
    Rules(schema, IsIntOrStringChoice(schema), first, field);
    TypeOf(schema, level, field);
    ObjectMembers(schema, level, field);
    Complete(schema, schema, field, field);
  }

 private:
  void Additional(const json::Object& schema, Level level, const std::string& field) {
    if (!Has(schema, {"additionalProperties"})) return;
    const std::string place = Child(field, "additionalProperties");
    if (level == Level::kRoot) errors_.push_back(Forbidden(place, "must not be used at the root"));
    if (True(schema, {"x-kubernetes-embedded-resource"})) {
      errors_.push_back(
          Forbidden(place, "must not be used if x-kubernetes-embedded-resource is set"));
    }
    if (const json::Object* one = SchemaAt(schema, "additionalProperties")) {
      Visit(*one, Level::kField, place);
    }
  }

  void Extensions(const json::Object& schema, const std::string& field) {
    if (!True(schema, {"x-kubernetes-int-or-string"})) return;
    for (const std::string_view name :
         {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"}) {
      if (!True(schema, {name})) continue;
      errors_.push_back(
          Invalid(Child(field, name), true, "must be false if x-kubernetes-int-or-string is true"));
    }
  }

  void TypeOf(const json::Object& schema, Level level, const std::string& field) {
    const std::string_view type = Text(schema, {"type"});
    const std::string place = Child(field, "type");
    const bool embedded = True(schema, {"x-kubernetes-embedded-resource"});
    const bool preserves = True(schema, {"x-kubernetes-preserve-unknown-fields"});
    if (embedded && type != "object") {
      constexpr std::string_view kWhy = "must be object if x-kubernetes-embedded-resource is true";
      errors_.push_back(type.empty() ? Required(place, kWhy)
                                     : Invalid(place, json::ToBoost(type), kWhy));
    } else if (type.empty() && !preserves && !True(schema, {"x-kubernetes-int-or-string"})) {
      errors_.push_back(Required(place, level == Level::kRoot ? "must not be empty at the root"
                                        : level == Level::kItem
                                            ? "must not be empty for specified array items"
                                            : "must not be empty for specified object fields"));
    }
    if (level == Level::kRoot && !type.empty() && type != "object") {
      errors_.push_back(Invalid(place, json::ToBoost(type), "must be object at the root"));
    }
    const json::Object* properties = SchemaAt(schema, "properties");
    if (embedded && !preserves && (properties == nullptr || properties->empty())) {
      errors_.push_back(Required(Child(field, "properties"),
                                 "must not be empty if x-kubernetes-embedded-resource is true "
                                 "without x-kubernetes-preserve-unknown-fields"));
    }
  }

  // What a schema may say of the members that every object has.
  void ObjectMembers(const json::Object& schema, Level level, const std::string& field) {
    const bool object = level == Level::kRoot || True(schema, {"x-kubernetes-embedded-resource"});
    if (!object) return;
    EachProperty(
        schema, field,
        [&](std::string_view name, const json::Object& one, const std::string& place) {
          if (!IsObjectMember(name)) return;
          const std::string_view type = Text(one, {"type"});
          const std::string_view wanted = name == "metadata" ? "object" : "string";
          if (type != wanted) {
            errors_.push_back(
                Invalid(Child(place, "type"), json::ToBoost(type), Concat("must be ", wanted)));
          }
          if (name != "metadata" || level != Level::kRoot) return;
          bool more = false;
          for (const auto& member : one) {
            const std::string_view key = json::View(member.key());
            if (key == "type" || key == "description" || key == "default") continue;
            more |= key != "properties";
          }
          EachProperty(one, place, [&](std::string_view inner, const json::Object&, const auto&) {
            more |= inner != "name" && inner != "generateName";
          });
          if (more) {
            errors_.push_back(
                Forbidden(place,
                          "must not specify anything other than name and generateName, "
                          "but metadata is implicitly specified"));
          }
        });
  }

  // The rules of a schema, and the schemas that are part of them.
  void Rules(const json::Object& schema, bool skip_any, bool skip_first_all,
             const std::string& field) {
    if (!skip_any) {
      EachOf(schema, "anyOf", field,
             [&](const json::Object& one, const std::string& at) { Nested(one, false, at); });
    }
    bool first = skip_first_all;
    EachOf(schema, "allOf", field, [&](const json::Object& one, const std::string& at) {
      Nested(one, first, at);
      first = false;
    });
    EachOf(schema, "oneOf", field,
           [&](const json::Object& one, const std::string& at) { Nested(one, false, at); });
    if (const json::Object* one = SchemaAt(schema, "not")) Nested(*one, false, Child(field, "not"));
    const std::string_view pattern = Text(schema, {"pattern"});
    if (pattern.empty()) return;
    const re2::RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), re2::RE2::Quiet);
    if (expression.ok()) return;
    errors_.push_back(
        Invalid(Child(field, "pattern"), json::ToBoost(pattern),
                Concat("must be a valid regular expression, but isn't: error parsing regexp: ",
                       expression.error())));
  }

  void Nested(const json::Object& schema, bool skip_any, const std::string& field) {
    Rules(schema, skip_any, false, field);
    if (const json::Object* items = SchemaAt(schema, "items")) {
      Nested(*items, false, Child(field, "items"));
    }
    EachProperty(
        schema, field,
        [&](std::string_view name, const json::Object& one, const std::string& place) {
          Nested(one, false, place);
          if (name == "metadata") {
            errors_.push_back(Forbidden(place, "must not be specified in a nested context"));
          }
        });
    constexpr std::pair<std::string_view, std::string_view> kForbidden[] = {
        {"type", "must be empty to be structural"},
        {"additionalProperties", "must be undefined to be structural"},
        {"default", "must be undefined to be structural"},
        {"title", "must be empty to be structural"},
        {"description", "must be empty to be structural"},
        {"nullable", "must be false to be structural"},
        {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
        {"x-kubernetes-embedded-resource", "must be false to be structural"},
        {"x-kubernetes-int-or-string", "must be false to be structural"},
        {"x-kubernetes-list-map-keys", "must be empty to be structural"},
        {"x-kubernetes-list-type", "must be undefined to be structural"},
        {"x-kubernetes-map-type", "must be undefined to be structural"},
        {"x-kubernetes-validations", "must be empty to be structural"}};
    for (const auto& [name, why] : kForbidden) {
      const json::Value* value = json::Find(schema, name);
      if (value == nullptr || value->is_null() || *value == json::Value(false)) continue;
      errors_.push_back(Forbidden(Child(field, name), why));
    }
  }

  // Everything that the rules of `schema` speak of is there in `structure`.
  void Complete(const json::Object& schema, const json::Object& structure,
                const std::string& structure_field, const std::string& field) {
    const auto nested = [&](const json::Object& one, const std::string& at) {
      CompleteNested(one, structure, structure_field, at);
    };
    for (const std::string_view list : {"allOf", "anyOf", "oneOf"}) {
      EachOf(schema, list, field, nested);
    }
    if (const json::Object* one = SchemaAt(schema, "not")) nested(*one, Child(field, "not"));
  }

  void CompleteNested(const json::Object& schema, const json::Object& structure,
                      const std::string& structure_field, const std::string& field) {
    Complete(schema, structure, structure_field, field);
    if (const json::Object* items = SchemaAt(schema, "items")) {
      CompleteOne(*items, SchemaAt(structure, "items"), Child(structure_field, "items"),
                  Child(field, "items"));
    }
    EachProperty(schema, field,
                 [&](std::string_view name, const json::Object& one, const std::string& place) {
                   CompleteOne(one, FindObject(structure, {"properties", name}),
                               Key(structure_field, "properties", name), place);
                 });
  }

  void CompleteOne(const json::Object& schema, const json::Object* structure,
                   const std::string& structure_field, const std::string& field) {
    if (structure == nullptr) {
      errors_.push_back(Required(structure_field, Concat("because it is defined in ", field)));
    } else {
      CompleteNested(schema, *structure, structure_field, field);
    }
  }

  FieldErrors& errors_;
};

}  // namespace

void ValidateStructural(const json::Object& schema, const std::string& field, FieldErrors& errors) {
  FieldErrors found;
  StructureChecker(found).Visit(schema, Level::kRoot, field);
  std::sort(found.begin(), found.end(),
            [](const FieldError& a, const FieldError& b) { return a.ToString() < b.ToString(); });
  errors.insert(errors.end(), found.begin(), found.end());
}

}  // namespace kvplane::kinds
