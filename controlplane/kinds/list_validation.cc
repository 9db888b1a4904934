#include "kinds/list_validation.h"

#include <map>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace kvplane::kinds {

namespace {

namespace json = api::json;
using kvshim::base::Concat;

void Visit(const api::StructuralSchema* schema, const json::Value& value, const std::string& path,
           FieldErrors& errors);

// What an element is told apart by.
json::Value KeyOf(const api::StructuralSchema& schema, const json::Value& element) {
  if (schema.list_type == api::ListType::kSet) return element;
  json::Object keys;
  if (const json::Object* object = element.if_object()) {
    for (const std::string& name : schema.list_keys) {
      if (const json::Value* key = json::Find(*object, name)) keys[json::ToBoost(name)] = *key;
    }
  }
  return keys;
}

void Elements(const api::StructuralSchema& schema, const json::Array& array,
              const std::string& path, FieldErrors& errors) {
  if (schema.list_type != api::ListType::kAtomic) {
    std::map<std::string, int> times;
    for (size_t i = 0; i < array.size(); ++i) {
      const json::Value key = KeyOf(schema, array[i]);
      // Told once, however many more there are.
      if (++times[api::ToJson(key)] == 2) {
        errors.push_back(Duplicate(Concat(path, "[", i, "]"), key));
      }
    }
  }
  for (size_t i = 0; i < array.size(); ++i) {
    Visit(schema.items.get(), array[i], Concat(path, "[", i, "]"), errors);
  }
}

void Members(const api::StructuralSchema& schema, const json::Object& object,
             const std::string& path, FieldErrors& errors) {
  for (const auto& member : object) {
    const std::string_view name = json::View(member.key());
    Visit(schema.Member(name), member.value(),
          path.empty() ? std::string(name) : Concat(path, ".", name), errors);
  }
}

void Visit(const api::StructuralSchema* schema, const json::Value& value, const std::string& path,
           FieldErrors& errors) {
  if (schema == nullptr) return;
  if (const json::Object* object = value.if_object()) Members(*schema, *object, path, errors);
  if (const json::Array* array = value.if_array()) Elements(*schema, *array, path, errors);
}

}  // namespace

void ValidateLists(const api::StructuralSchema& schema, const json::Object& object,
                   FieldErrors& errors) {
  Members(schema, object, "", errors);
}

}  // namespace kvplane::kinds
