#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "api/base64.h"
#include "api/field_path.h"
#include "api/protobuf.h"
#include "api/timestamp.h"
#include "api/wire.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

absl::Status Wrong(const FieldPath& path, std::string_view why) {
  return absl::InvalidArgumentError(Concat(path.ToString(), ": ", why));
}

// Everything is written from its end, so fields and elements go last first.
class Encoder {
 public:
  absl::Status Object(const Message& message, const json::Object& object, const FieldPath& path);
  std::string Take() { return writer_.Take(); }

 private:
  absl::Status Fields(const Message& message, const json::Value* const* slots,
                      const FieldPath& path);
  absl::Status FieldValue(const Field& field, const json::Value* value, const FieldPath& path);
  absl::Status List(const Field& field, const json::Value& value, const FieldPath& path);
  absl::Status Map(const Field& field, const json::Value& value, const FieldPath& path);
  absl::Status Zero(const Field& field, const FieldPath& path);
  absl::Status Element(const Field& field, uint32_t number, const json::Value& value,
                       const FieldPath& path);
  absl::Status Number(const Field& field, uint32_t number, const json::Value& value,
                      const FieldPath& path);
  absl::Status IntOrString(uint32_t number, const json::Value& value, const FieldPath& path);
  absl::Status Time(const Field& field, uint32_t number, const json::Value& value,
                    const FieldPath& path);
  absl::Status Strings(uint32_t number, const json::Value& value, const FieldPath& path);
  absl::Status SchemaOr(const Field& field, uint32_t number, const json::Value& value,
                        const FieldPath& path);

  WireWriter writer_;
};

absl::Status Encoder::Object(const Message& message, const json::Object& object,
                             const FieldPath& path) {
  if (path.depth() > kMaxDepth) return Wrong(path, "nested too deeply");
  absl::InlinedVector<const json::Value*, 64> slots(message.slots.size(), nullptr);
  for (const auto& member : object) {
    const int slot = message.Find(json::View(member.key()));
    if (slot != Message::kNotFound && !member.value().is_null()) {
      slots[static_cast<size_t>(slot)] = &member.value();
    }
  }
  return Fields(message, slots.data(), path);
}

absl::Status Encoder::Fields(const Message& message, const json::Value* const* slots,
                             const FieldPath& path) {
  for (auto wire = message.wire.rbegin(); wire != message.wire.rend(); ++wire) {
    const Field& field = *wire->field;
    if (field.inlined) {
      const size_t before = writer_.size();
      RETURN_IF_ERROR(Fields(*field.message, slots + wire->slot, path));
      writer_.EndMessage(field.number, before);
    } else {
      RETURN_IF_ERROR(FieldValue(field, slots[wire->slot], FieldPath(path, field.name)));
    }
  }
  return absl::OkStatus();
}

absl::Status Encoder::FieldValue(const Field& field, const json::Value* value,
                                 const FieldPath& path) {
  if (value == nullptr) return Zero(field, path);
  switch (field.shape) {
    case Shape::kList:
      return List(field, *value, path);
    case Shape::kMap:
      return Map(field, *value, path);
    case Shape::kSingle:
      break;
  }
  return Element(field, field.number, *value, path);
}

absl::Status Encoder::List(const Field& field, const json::Value& value, const FieldPath& path) {
  if (!value.is_array()) return Wrong(path, "must be a list");
  const json::Array& array = value.get_array();
  for (size_t index = array.size(); index-- > 0;) {
    RETURN_IF_ERROR(Element(field, field.number, array[index], FieldPath(path, index)));
  }
  return absl::OkStatus();
}

absl::Status Encoder::Map(const Field& field, const json::Value& value, const FieldPath& path) {
  if (!value.is_object()) return Wrong(path, "must be a map");
  std::vector<std::pair<std::string_view, const json::Value*>> entries;
  entries.reserve(value.get_object().size());
  for (const auto& member : value.get_object()) {
    entries.emplace_back(json::View(member.key()), &member.value());
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [key, element] : entries) {
    const size_t before = writer_.size();
    // Bytes that are null are none at all.
    if (field.type != Type::kBytes || !element->is_null()) {
      RETURN_IF_ERROR(Element(field, 2, *element, FieldPath::Key(path, key)));
    }
    writer_.String(1, key);
    writer_.EndMessage(field.number, before);
  }
  return absl::OkStatus();
}

// What Go writes for a field that was not set: everything but pointers, lists and maps.
absl::Status Encoder::Zero(const Field& field, const FieldPath& path) {
  if (field.pointer || field.shape != Shape::kSingle) return absl::OkStatus();
  switch (field.type) {
    case Type::kBool:
    case Type::kInt32:
    case Type::kInt64:
      writer_.Varint(field.number, 0);
      break;
    case Type::kDouble:
      writer_.Fixed64(field.number, 0);
      break;
    case Type::kString:
    case Type::kTime:
    case Type::kMicroTime:
    case Type::kRaw:
    case Type::kJson:
    case Type::kFieldsV1:
      writer_.String(field.number, "");
      break;
    case Type::kBytes:
    case Type::kStrings:
    case Type::kAny:
      break;
    case Type::kIntOrString:
      return Element(field, field.number, 0, path);
    case Type::kQuantity:
      return Element(field, field.number, "0", path);
    case Type::kDuration:
      return Element(field, field.number, "0s", path);
    default:
      return Element(field, field.number, json::Object(), path);
  }
  return absl::OkStatus();
}

absl::Status Encoder::Element(const Field& field, uint32_t number, const json::Value& value,
                              const FieldPath& path) {
  const size_t before = writer_.size();
  switch (field.type) {
    case Type::kBool:
      if (!value.is_bool()) return Wrong(path, "must be a boolean");
      writer_.Varint(number, value.get_bool() ? 1 : 0);
      return absl::OkStatus();
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
      return Number(field, number, value, path);
    case Type::kIntOrString:
      return IntOrString(number, value, path);
    case Type::kTime:
    case Type::kMicroTime:
      return Time(field, number, value, path);
    case Type::kStrings:
      return Strings(number, value, path);
    case Type::kSchemaOrArray:
    case Type::kSchemaOrBool:
    case Type::kSchemaOrStrings:
      return SchemaOr(field, number, value, path);
    case Type::kRaw:
    case Type::kJson:
    case Type::kFieldsV1:
      if (!value.is_null()) writer_.String(1, ToJson(value));
      writer_.EndMessage(number, before);
      return absl::OkStatus();
    case Type::kMessage:
      if (!value.is_object()) return Wrong(path, "must be an object");
      RETURN_IF_ERROR(Object(*field.message, value.get_object(), path));
      writer_.EndMessage(number, before);
      return absl::OkStatus();
    case Type::kAny:
      return absl::OkStatus();
    default:
      break;
  }
  if (!value.is_string()) return Wrong(path, "must be a string");
  const std::string_view text = json::View(value.get_string());
  if (field.type == Type::kString) {
    writer_.String(number, text);
  } else if (field.type == Type::kQuantity) {
    writer_.String(1, text);
    writer_.EndMessage(number, before);
  } else if (field.type == Type::kBytes) {
    const auto bytes = DecodeBase64(text);
    if (!bytes.ok()) return Wrong(path, kvshim::base::FromAbsl(bytes.status().message()));
    writer_.String(number, *bytes);
  } else {
    const auto nanos = ParseDuration(text);
    if (!nanos.ok()) return Wrong(path, kvshim::base::FromAbsl(nanos.status().message()));
    writer_.Varint(1, static_cast<uint64_t>(*nanos));
    writer_.EndMessage(number, before);
  }
  return absl::OkStatus();
}

absl::Status Encoder::Number(const Field& field, uint32_t number, const json::Value& value,
                             const FieldPath& path) {
  if (field.type == Type::kDouble && value.is_number()) {
    writer_.Fixed64(number, std::bit_cast<uint64_t>(value.to_number<double>()));
    return absl::OkStatus();
  }
  if (!value.is_int64()) return Wrong(path, "must be an integer");
  writer_.Varint(number, static_cast<uint64_t>(value.get_int64()));
  return absl::OkStatus();
}

absl::Status Encoder::IntOrString(uint32_t number, const json::Value& value,
                                  const FieldPath& path) {
  if (!value.is_int64() && !value.is_string()) return Wrong(path, "must be a number or a string");
  const size_t before = writer_.size();
  const bool text = value.is_string();
  writer_.String(3, text ? json::View(value.get_string()) : std::string_view());
  writer_.Varint(2, text ? 0 : static_cast<uint64_t>(value.get_int64()));
  writer_.Varint(1, text ? 1 : 0);
  writer_.EndMessage(number, before);
  return absl::OkStatus();
}

absl::Status Encoder::Time(const Field& field, uint32_t number, const json::Value& value,
                           const FieldPath& path) {
  const size_t before = writer_.size();
  if (!value.is_null()) {
    if (!value.is_string()) return Wrong(path, "must be a time");
    const auto time = ParseTimestamp(json::View(value.get_string()));
    if (!time.ok()) return Wrong(path, kvshim::base::FromAbsl(time.status().message()));
    writer_.Varint(2, field.type == Type::kTime ? 0 : static_cast<uint64_t>(time->nanos));
    writer_.Varint(1, static_cast<uint64_t>(time->seconds));
  }
  writer_.EndMessage(number, before);
  return absl::OkStatus();
}

absl::Status Encoder::Strings(uint32_t number, const json::Value& value, const FieldPath& path) {
  const size_t before = writer_.size();
  if (!value.is_null()) {
    if (!value.is_array()) return Wrong(path, "must be a list");
    const json::Array& array = value.get_array();
    for (size_t index = array.size(); index-- > 0;) {
      if (!array[index].is_string()) return Wrong(FieldPath(path, index), "must be a string");
      writer_.String(1, json::View(array[index].get_string()));
    }
  }
  writer_.EndMessage(number, before);
  return absl::OkStatus();
}

absl::Status Encoder::SchemaOr(const Field& field, uint32_t number, const json::Value& value,
                               const FieldPath& path) {
  const size_t before = writer_.size();
  // Field 1 of JSONSchemaPropsOrBool is the bool, and of the other two the schema.
  const bool or_bool = field.type == Type::kSchemaOrBool;
  if (value.is_object()) {
    RETURN_IF_ERROR(Object(*field.message, value.get_object(), path));
    writer_.EndMessage(or_bool ? 2 : 1, before);
    if (or_bool) writer_.Varint(1, 1);
  } else if (or_bool) {
    if (!value.is_bool()) return Wrong(path, "must be a schema or a boolean");
    writer_.Varint(1, value.get_bool() ? 1 : 0);
  } else {
    if (!value.is_array()) return Wrong(path, "must be a schema or a list");
    const json::Array& array = value.get_array();
    for (size_t index = array.size(); index-- > 0;) {
      const size_t element = writer_.size();
      const FieldPath at(path, index);
      if (array[index].is_object()) {
        RETURN_IF_ERROR(Object(*field.message, array[index].get_object(), at));
        writer_.EndMessage(2, element);
      } else if (array[index].is_string()) {
        writer_.String(2, json::View(array[index].get_string()));
      } else {
        return Wrong(at, "must be a schema or a string");
      }
    }
  }
  writer_.EndMessage(number, before);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> EncodeProtobuf(const Message& message, const json::Object& document) {
  Encoder encoder;
  RETURN_IF_ERROR(encoder.Object(message, document, FieldPath()));
  return encoder.Take();
}

}  // namespace kvplane::api
