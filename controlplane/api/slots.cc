#include "api/slots.h"

#include <utility>

namespace kvplane::api {

namespace {

bool IsEmpty(const Field& field, const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null:
      return true;
    case json::Kind::bool_:
      return !value.get_bool();
    case json::Kind::int64:
      return value.get_int64() == 0 && field.type != Type::kIntOrString;
    case json::Kind::uint64:
      return value.get_uint64() == 0;
    case json::Kind::double_:
      return value.get_double() == 0;
    case json::Kind::string:
      return value.get_string().empty() &&
             (field.type == Type::kString || field.type == Type::kBytes);
    case json::Kind::array:
      return value.get_array().empty();
    case json::Kind::object:
      return value.get_object().empty() && field.shape == Shape::kMap;
  }
  return false;
}

// Whether the value may be left out, given the field's flags.
bool LeftOut(const Field& field, const json::Value& value) {
  if (!field.omit_empty || (field.pointer && field.shape == Shape::kSingle)) return false;
  switch (field.type) {
    case Type::kRaw:
    case Type::kJson:
    case Type::kFieldsV1:
    case Type::kAny:
      return field.shape != Shape::kSingle && IsEmpty(field, value);
    default:
      return IsEmpty(field, value);
  }
}

// What Go writes for a field that was not set; null and false where it writes nothing.
std::pair<json::Value, bool> Missing(const Field& field) {
  const auto unless_omitted = [&field](json::Value value) {
    return std::pair(std::move(value), !field.omit_empty);
  };
  if (field.omit_zero) return {nullptr, false};
  if (field.pointer || field.shape != Shape::kSingle) return unless_omitted(nullptr);
  switch (field.type) {
    case Type::kBool:
      return unless_omitted(false);
    case Type::kInt32:
    case Type::kInt64:
      return unless_omitted(0);
    case Type::kDouble:
      return unless_omitted(0);
    case Type::kString:
      return unless_omitted("");
    case Type::kBytes:
    case Type::kAny:
    case Type::kStrings:
      return unless_omitted(nullptr);
    // The rest are structs, which Go never takes for empty.
    case Type::kDuration:
      return {"0s", true};
    case Type::kQuantity:
      return {"0", true};
    case Type::kIntOrString:
      return {0, true};
    case Type::kMessage:
      return {EmptyObject(*field.message), true};
    default:
      return {nullptr, true};
  }
}

}  // namespace

json::Object Slots::TakeObject() {
  json::Object object;
  size_t present = 0;
  for (const json::Value& value : values_) present += value.is_null() ? 0 : 1;
  object.reserve(present + 2);
  for (size_t slot = 0; slot < values_.size(); ++slot) {
    const Field& field = *message_.slots[slot];
    json::Value& value = values_[slot];
    if (!value.is_null()) {
      if (!LeftOut(field, value)) object.emplace(json::ToBoost(field.name), std::move(value));
      value = nullptr;
    } else if (auto [missing, written] = Missing(field); written) {
      object.emplace(json::ToBoost(field.name), std::move(missing));
    }
  }
  return object;
}

json::Object EmptyObject(const Message& message) { return Slots(message).TakeObject(); }

}  // namespace kvplane::api
