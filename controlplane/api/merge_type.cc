#include "api/merge_type.h"

#include <utility>

#include "api/schema.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

// What a key is where the element does not say.
std::string_view DefaultKey(const Message* message, std::string_view name) {
  const int slot = message == nullptr ? Message::kNotFound : message->Find(name);
  return slot == Message::kNotFound ? std::string_view()
                                    : message->slots[static_cast<size_t>(slot)]->default_key;
}

template <typename Names>
std::string Listed(const Names& names) {
  std::string out = "[";
  for (const std::string_view name : names) {
    if (out.size() > 1) out += ' ';
    out += Concat("\"", name, "\"");
  }
  return out + "]";
}

absl::StatusOr<PathElement> SetElementPath(const json::Value& element) {
  if (element.is_null() || element.is_object() || element.is_array()) {
    return absl::InvalidArgumentError(Concat(
        "associative list without keys has an element that's ",
        element.is_null() ? "an explicit null" : (element.is_object() ? "a map type" : "a list")));
  }
  return PathElement::Value(element);
}

// `default_of` adds a key that the element leaves out, where it has a default.
template <typename Names, typename Function>
absl::StatusOr<PathElement> KeyedElementPath(const json::Value& element, const Names& names,
                                             const Function& default_of) {
  if (!element.is_object()) {
    return absl::InvalidArgumentError(
        Concat("associative list with keys may not have ",
               element.is_null() ? "a null element" : "non-map elements"));
  }
  json::Object keys;
  for (const std::string_view name : names) {
    if (const json::Value* value = json::Find(element.get_object(), name)) {
      keys.emplace(json::ToBoost(name), *value);
    } else {
      default_of(name, keys);
    }
  }
  if (keys.empty()) {
    return absl::InvalidArgumentError(
        Concat("associative list with keys has an element that omits all key fields ",
               Listed(names), " (and doesn't have default values for any key fields)"));
  }
  return PathElement::Keys(std::move(keys));
}

}  // namespace

MergeType MergeType::Of(const StructuralSchema& schema) {
  if (schema.int_or_string) return {Place::kScalar, schema};
  if (schema.type == "object") return {Place::kSchemaObject, schema};
  if (schema.type == "array") return {Place::kSchemaList, schema};
  return {schema.type.empty() ? Place::kUntyped : Place::kScalar, schema};
}

MergeType MergeType::OfElement(const Field& field) {
  switch (field.type) {
    case Type::kMessage:
      return {Place::kMessage, field.message, &field};
    case Type::kRaw:
    case Type::kJson:
    case Type::kFieldsV1:
    case Type::kAny:
    case Type::kSchemaOrArray:
    case Type::kSchemaOrBool:
    case Type::kSchemaOrStrings:
      return {Place::kUntyped, nullptr, nullptr};
    case Type::kStrings:
      return {Place::kList, nullptr, nullptr};
    default:
      return {Place::kScalar, nullptr, nullptr};
  }
}

MergeType::Kind MergeType::KindOf(const json::Value& value) const {
  switch (place_) {
    case Place::kScalar:
      return Kind::kScalar;
    case Place::kList:
    case Place::kSchemaList:
      return Kind::kList;
    case Place::kMessage:
    case Place::kMap:
    case Place::kSchemaObject:
      return Kind::kObject;
    case Place::kUntyped:
      break;
  }
  if (value.is_array()) return Kind::kList;
  return value.is_object() || value.is_null() ? Kind::kObject : Kind::kScalar;
}

bool MergeType::atomic(Kind kind) const {
  switch (place_) {
    case Place::kMessage:
      return message_->atomic ||
             (field_ != nullptr && field_->shape == Shape::kSingle && field_->atomic_map);
    case Place::kMap:
      return field_->atomic_map;
    case Place::kList:
      return field_ == nullptr || field_->list_type == ListType::kAtomic;
    case Place::kSchemaObject:
      return schema_->atomic_map;
    case Place::kSchemaList:
      return schema_->list_type == ListType::kAtomic;
    case Place::kUntyped:
      return kind == Kind::kList;
    case Place::kScalar:
      break;
  }
  return true;
}

bool MergeType::Declares(std::string_view name) const {
  if (place_ == Place::kSchemaObject) {
    return schema_->Property(name) != nullptr || (schema_->embedded && IsObjectMember(name));
  }
  return place_ == Place::kMessage && message_->Find(name) != Message::kNotFound;
}

bool MergeType::MayHave(std::string_view name) const {
  if (place_ == Place::kSchemaObject) {
    return Declares(name) || schema_->has_additional || schema_->preserves_unknown;
  }
  return place_ != Place::kMessage || message_->Find(name) != Message::kNotFound;
}

MergeType MergeType::SchemaMember(std::string_view name) const {
  if (schema_->embedded && IsObjectMember(name)) {
    static const Message& metadata =
        *Schema::Kubernetes().FindMessageByName("k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    return name == "metadata" ? Of(metadata) : MergeType(Place::kScalar, nullptr, nullptr);
  }
  const StructuralSchema* member = schema_->Member(name);
  return member == nullptr ? MergeType(Place::kUntyped, nullptr, nullptr) : Of(*member);
}

MergeType MergeType::Member(std::string_view name) const {
  if (place_ == Place::kMap) return OfElement(*field_);
  if (place_ == Place::kSchemaObject) return SchemaMember(name);
  const int slot = place_ == Place::kMessage ? message_->Find(name) : Message::kNotFound;
  if (slot == Message::kNotFound) return {Place::kUntyped, nullptr, nullptr};
  const Field& field = *message_->slots[static_cast<size_t>(slot)];
  switch (field.shape) {
    case Shape::kList:
      return {Place::kList, field.message, &field};
    case Shape::kMap:
      return {Place::kMap, field.message, &field};
    case Shape::kSingle:
      break;
  }
  return OfElement(field);
}

MergeType MergeType::Element() const {
  if (place_ == Place::kSchemaList && schema_->items != nullptr) return Of(*schema_->items);
  if (place_ != Place::kList) return {Place::kUntyped, nullptr, nullptr};
  return field_ == nullptr ? MergeType(Place::kScalar, nullptr, nullptr) : OfElement(*field_);
}

absl::StatusOr<PathElement> MergeType::ElementPath(const json::Value& element) const {
  if (place_ == Place::kSchemaList) {
    if (schema_->list_type == ListType::kSet) return SetElementPath(element);
    return KeyedElementPath(
        element, schema_->list_keys, [this](std::string_view name, json::Object& keys) {
          const auto* key = schema_->items == nullptr ? nullptr : schema_->items->Property(name);
          if (key == nullptr || !key->default_value.has_value()) return;
          keys.emplace(json::ToBoost(name), *key->default_value);
        });
  }
  if (field_->list_type == ListType::kSet) return SetElementPath(element);
  return KeyedElementPath(element, field_->map_keys,
                          [this](std::string_view name, json::Object& keys) {
                            const auto key = DefaultKey(field_->message, name);
                            if (key.empty()) return;
                            keys.emplace(json::ToBoost(name), json::ToBoost(key));
                          });
}

}  // namespace kvplane::api
