#include "kinds/schema_validation.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "api/json_equal.h"
#include "base/strings.h"
#include "kinds/string_format.h"

namespace kvplane::kinds {

namespace {

namespace json = api::json;
using api::StructuralSchema;
using kvshim::base::Concat;

std::string Quoted(std::string_view text) { return api::ToJson(json::Value(json::ToBoost(text))); }

bool IsWhole(const json::Value& value) {
  if (!value.is_double()) return value.is_number();
  return std::isfinite(value.get_double()) && value.get_double() == std::floor(value.get_double());
}

std::string_view TypeOf(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null:
      return "null";
    case json::Kind::bool_:
      return "boolean";
    case json::Kind::string:
      return "string";
    case json::Kind::array:
      return "array";
    case json::Kind::object:
      return "object";
    default:
      return value.is_double() ? "number" : "integer";
  }
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

FieldError TypeInvalid(const std::string& path, std::string_view wanted, std::string_view given) {
  return {"FieldValueTypeInvalid", path,
          Concat("Invalid value: ", Quoted(given), ": ", path, " in body must be of type ", wanted,
                 ": ", Quoted(given))};
}

FieldError TooMany(const std::string& path, size_t actual, int64_t most) {
  return {
      "FieldValueTooMany", path,
      Concat("Too many: ", actual, ": must have at most ", most, most == 1 ? " item" : " items")};
}

// An error that names its place itself.
FieldError Unplaced(const std::string& path, std::string_view why) {
  return {"FieldValueInvalid", "<nil>", Concat("Invalid value: \"\": ", Quoted(path), " ", why)};
}

class Checker {
 public:
  explicit Checker(FieldErrors& errors) : errors_(errors) {}

  void Visit(const StructuralSchema& schema, const json::Value& value, const json::Value* current,
             const std::string& path) {
    if (current != nullptr && api::JsonEqual(value, *current)) return;
    if (!CheckType(schema, value, path)) return;
    if (value.is_null()) return;
    Junctors(schema, value, path);
    if (value.is_string()) Text(schema, value, path);
    if (value.is_number()) Number(schema, value, path);
    if (const json::Array* array = value.if_array()) Elements(schema, *array, path);
    Choices(schema, value, path);
    if (const json::Object* object = value.if_object()) {
      Members(schema, *object, current == nullptr ? nullptr : current->if_object(), path);
    }
  }

  void Members(const StructuralSchema& schema, const json::Object& object,
               const json::Object* current, const std::string& path) {
    const auto below = [&path](std::string_view name) {
      return path.empty() ? std::string(name) : Concat(path, ".", name);
    };
    if (schema.max_properties && object.size() > static_cast<size_t>(*schema.max_properties)) {
      errors_.push_back(TooMany(path, object.size(), *schema.max_properties));
    }
    if (schema.min_properties && object.size() < static_cast<size_t>(*schema.min_properties)) {
      errors_.push_back(Invalid(
          path, static_cast<int64_t>(object.size()),
          Concat(path, " in body should have at least ", *schema.min_properties, " properties")));
    }
    for (const std::string& name : schema.required) {
      if (json::Find(object, name) == nullptr) errors_.push_back(Required(below(name), ""));
    }
    for (const auto& member : object) {
      const std::string_view name = json::View(member.key());
      const json::Value* before = current == nullptr ? nullptr : json::Find(*current, name);
      if (schema.embedded && name == "metadata") continue;
      if (const StructuralSchema* known = schema.Member(name)) {
        Visit(*known, member.value(), before, below(name));
      }
    }
    if (!schema.embedded || path.empty()) return;
    for (const std::string_view name : {"apiVersion", "kind"}) {
      const json::Value* value = json::Find(object, name);
      if (value == nullptr || !value->is_string() || value->get_string().empty()) {
        errors_.push_back(Required(below(name), "must not be empty"));
      }
    }
  }

  // The rules over the whole object, which is no value.
  void Junctors(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    AnyOf(schema, value, path);
    OneOf(schema, value, path);
    AllOf(schema, value, path);
    if (schema.none_of != nullptr && Fits(*schema.none_of, value, path, nullptr)) {
      errors_.push_back(Unplaced(path, "must not validate the schema (not)"));
    }
  }

 private:
  static bool Fits(const StructuralSchema& schema, const json::Value& value,
                   const std::string& path, FieldErrors* errors) {
    FieldErrors found;
    Checker(found).Visit(schema, value, nullptr, path);
    const bool fits = found.empty();
    if (errors != nullptr) *errors = std::move(found);
    return fits;
  }

  // How many fit; what keeps the first of those that fail least from fitting.
  static size_t CountFitting(const std::vector<StructuralSchema::Pointer>& schemas,
                             const json::Value& value, const std::string& path,
                             FieldErrors& nearest) {
    size_t fitting = 0;
    bool first = true;
    for (const auto& schema : schemas) {
      FieldErrors found;
      if (Fits(*schema, value, path, &found)) {
        ++fitting;
      } else if (first || found.size() < nearest.size()) {
        nearest = std::move(found);
        first = false;
      }
    }
    return fitting;
  }

  void Add(const FieldErrors& more) { errors_.insert(errors_.end(), more.begin(), more.end()); }

  void AnyOf(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    FieldErrors nearest;
    if (schema.any_of.empty() || CountFitting(schema.any_of, value, path, nearest) > 0) return;
    errors_.push_back(Unplaced(path, "must validate at least one schema (anyOf)"));
    Add(nearest);
  }

  void OneOf(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    if (schema.one_of.empty()) return;
    FieldErrors nearest;
    const size_t fitting = CountFitting(schema.one_of, value, path, nearest);
    if (fitting == 1) return;
    constexpr std::string_view kWhy = "must validate one and only one schema (oneOf). Found ";
    if (fitting == 0) {
      errors_.push_back(Unplaced(path, Concat(kWhy, "none valid")));
      Add(nearest);
    } else {
      errors_.push_back(Unplaced(path, Concat(kWhy, fitting, " valid alternatives")));
    }
  }

  void AllOf(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    size_t fitting = 0;
    FieldErrors all;
    for (const auto& one : schema.all_of) {
      FieldErrors found;
      if (Fits(*one, value, path, &found)) ++fitting;
      all.insert(all.end(), found.begin(), found.end());
    }
    if (fitting == schema.all_of.size()) return;
    Add(all);
    errors_.push_back(Unplaced(path, fitting == 0
                                         ? "must validate all the schemas (allOf). None validated"
                                         : "must validate all the schemas (allOf)"));
  }

  // False where nothing else is worth looking at.
  bool CheckType(const StructuralSchema& schema, const json::Value& value,
                 const std::string& path) {
    const std::string_view given = TypeOf(value);
    if (schema.int_or_string) {
      if (value.is_string() || IsWhole(value) || (value.is_null() && schema.nullable)) return true;
      errors_.push_back(TypeInvalid(path, "integer,string", given));
      return false;
    }
    if (schema.type.empty() || (value.is_null() && schema.nullable)) return true;
    const bool fits = given == schema.type || (schema.type == "number" && value.is_number()) ||
                      (schema.type == "integer" && IsWhole(value));
    if (!fits) errors_.push_back(TypeInvalid(path, schema.type, given));
    return fits;
  }

  void Text(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    const std::string_view text = json::View(value.get_string());
    if (schema.max_length && CodePoints(text) > static_cast<size_t>(*schema.max_length)) {
      errors_.push_back({"FieldValueTooLong", path,
                         Concat("Too long: may not be more than ", *schema.max_length, " bytes")});
    }
    if (schema.min_length && CodePoints(text) < static_cast<size_t>(*schema.min_length)) {
      errors_.push_back(
          Invalid(path, value,
                  Concat(path, " in body should be at least ", *schema.min_length, " chars long")));
    }
    if (schema.expression != nullptr &&
        !re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *schema.expression)) {
      errors_.push_back(
          Invalid(path, value, Concat(path, " in body should match '", schema.pattern, "'")));
    }
    if (!schema.format.empty() && !HasFormat(schema.format, text)) {
      errors_.push_back(TypeInvalid(path, schema.format, text));
    }
  }

  void Number(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    const auto number = value.to_number<double>();
    const auto refuse = [&](std::string_view why, double bound) {
      std::string text;
      api::AppendJsonNumber(text, bound);
      errors_.push_back(Invalid(path, value, Concat(path, " in body should be ", why, " ", text)));
    };
    if (schema.multiple_of && *schema.multiple_of > 0) {
      const double times = number / *schema.multiple_of;
      if (times != std::floor(times)) refuse("a multiple of", *schema.multiple_of);
    }
    if (schema.maximum) {
      if (schema.exclusive_maximum && number >= *schema.maximum) {
        refuse("less than", *schema.maximum);
      } else if (number > *schema.maximum) {
        refuse("less than or equal to", *schema.maximum);
      }
    }
    if (schema.minimum) {
      if (schema.exclusive_minimum && number <= *schema.minimum) {
        refuse("greater than", *schema.minimum);
      } else if (number < *schema.minimum) {
        refuse("greater than or equal to", *schema.minimum);
      }
    }
  }

  void Elements(const StructuralSchema& schema, const json::Array& array, const std::string& path) {
    if (schema.items != nullptr) {
      for (size_t i = 0; i < array.size(); ++i) {
        Visit(*schema.items, array[i], nullptr, Concat(path, "[", i, "]"));
      }
    }
    if (schema.min_items && array.size() < static_cast<size_t>(*schema.min_items)) {
      errors_.push_back(
          Invalid(path, static_cast<int64_t>(array.size()),
                  Concat(path, " in body should have at least ", *schema.min_items, " items")));
    }
    if (schema.max_items && array.size() > static_cast<size_t>(*schema.max_items)) {
      errors_.push_back(TooMany(path, array.size(), *schema.max_items));
    }
  }

  void Choices(const StructuralSchema& schema, const json::Value& value, const std::string& path) {
    if (schema.choices.empty()) return;
    std::string choices;
    for (const json::Value& choice : schema.choices) {
      if (api::JsonEqual(choice, value)) return;
      const std::string text =
          choice.is_string() ? std::string(json::View(choice.get_string())) : api::ToJson(choice);
      choices.append(choices.empty() ? "" : ", ").append(Quoted(text));
    }
    errors_.push_back(
        {"FieldValueNotSupported", path,
         Concat("Unsupported value: ", api::ToJson(value), ": supported values: ", choices)});
  }

  FieldErrors& errors_;
};

}  // namespace

void ValidateBySchema(const StructuralSchema& schema, const json::Object& object,
                      const json::Object* current, FieldErrors& errors) {
  Checker checker(errors);
  const bool junctors = !schema.any_of.empty() || !schema.one_of.empty() ||
                        !schema.all_of.empty() || schema.none_of != nullptr;
  if (junctors) checker.Junctors(schema, json::Value(object), "");
  checker.Members(schema, object, current, "");
}

void ValidateValue(const StructuralSchema& schema, const json::Value& value,
                   const std::string& path, FieldErrors& errors) {
  Checker(errors).Visit(schema, value, nullptr, path);
}

}  // namespace kvplane::kinds
