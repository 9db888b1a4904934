#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "api/base64.h"
#include "api/envelope.h"
#include "api/field_path.h"
#include "api/protobuf.h"
#include "api/quantity.h"
#include "api/slots.h"
#include "api/timestamp.h"
#include "api/utf8.h"
#include "api/wire.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

absl::Status Wrong(const FieldPath& path, std::string_view why) {
  const std::string where = path.ToString();
  return absl::InvalidArgumentError(
      Concat("proto: ", where.empty() ? "the message" : where, ": ", why));
}

WireType WireTypeOf(const Field& field) {
  if (field.shape == Shape::kMap) return WireType::kBytes;
  switch (field.type) {
    case Type::kBool:
    case Type::kInt32:
    case Type::kInt64:
      return WireType::kVarint;
    case Type::kDouble:
      return WireType::kFixed64;
    default:
      return WireType::kBytes;
  }
}

class Decoder {
 public:
  absl::Status Fields(const Message& message, std::string_view bytes, json::Value* slots,
                      const FieldPath& path);
  absl::StatusOr<json::Object> Object(const Message& message, std::string_view bytes,
                                      const FieldPath& path);

 private:
  absl::Status FieldValue(const Field& field, WireReader& reader, WireType type, json::Value& slot,
                          const FieldPath& path);
  absl::Status Element(const Field& field, WireReader& reader, WireType type, json::Value& value,
                       const FieldPath& path);
  absl::Status Packed(const Field& field, WireReader& reader, json::Array& array,
                      const FieldPath& path);
  absl::Status MapEntry(const Field& field, std::string_view bytes, json::Object& map,
                        const FieldPath& path);
  absl::Status Bytes(const Field& field, std::string_view bytes, json::Value& value,
                     const FieldPath& path);
  absl::Status Special(const Field& field, std::string_view bytes, json::Value& value,
                       const FieldPath& path);
  absl::Status Strings(std::string_view bytes, json::Value& value, const FieldPath& path);
  absl::Status SchemaOr(const Field& field, std::string_view bytes, json::Value& value,
                        const FieldPath& path);
  absl::Status Raw(std::string_view bytes, json::Value& value, const FieldPath& path);
  absl::Status String(std::string_view bytes, json::Value& value, const FieldPath& path);
};

constexpr std::string_view kCut = "unexpected EOF";

// Calls `handle` with each field; it takes the value from the reader, or says that it did not.
template <typename Handle>
absl::Status ForEachField(std::string_view bytes, const FieldPath& path, const Handle& handle) {
  WireReader reader(bytes);
  while (!reader.done()) {
    uint32_t number;
    WireType type;
    if (!reader.Tag(number, type)) return Wrong(path, "illegal tag");
    bool taken = false;
    RETURN_IF_ERROR(handle(number, type, reader, taken));
    if (!taken && !reader.Skip(type)) return Wrong(path, kCut);
  }
  return absl::OkStatus();
}

absl::Status Decoder::Fields(const Message& message, std::string_view bytes, json::Value* slots,
                             const FieldPath& path) {
  return ForEachField(
      bytes, path, [&](uint32_t number, WireType type, WireReader& reader, bool& taken) {
        const WireField* wire = message.FindNumber(number);
        if (wire == nullptr) return absl::OkStatus();
        taken = true;
        const Field& field = *wire->field;
        if (!field.inlined) {
          return FieldValue(field, reader, type, slots[wire->slot], FieldPath(path, field.name));
        }
        std::string_view inner;
        if (type != WireType::kBytes || !reader.Bytes(inner)) return Wrong(path, kCut);
        return Fields(*field.message, inner, slots + wire->slot, path);
      });
}

absl::StatusOr<json::Object> Decoder::Object(const Message& message, std::string_view bytes,
                                             const FieldPath& path) {
  if (path.depth() > kMaxDepth) return Wrong(path, "nested too deeply");
  Slots slots(message);
  RETURN_IF_ERROR(Fields(message, bytes, slots.data(), path));
  return slots.TakeObject();
}

absl::Status Decoder::FieldValue(const Field& field, WireReader& reader, WireType type,
                                 json::Value& slot, const FieldPath& path) {
  if (field.shape == Shape::kSingle) return Element(field, reader, type, slot, path);
  if (field.shape == Shape::kMap) {
    std::string_view entry;
    if (type != WireType::kBytes) return Wrong(path, "wrong wire type");
    if (!reader.Bytes(entry)) return Wrong(path, kCut);
    if (slot.is_null()) slot.emplace_object();
    return MapEntry(field, entry, slot.get_object(), path);
  }
  if (slot.is_null()) slot.emplace_array();
  json::Array& array = slot.get_array();
  if (type == WireType::kBytes && WireTypeOf(field) != WireType::kBytes) {
    return Packed(field, reader, array, path);
  }
  const FieldPath at(path, array.size());
  return Element(field, reader, type, array.emplace_back(nullptr), at);
}

absl::Status Decoder::Packed(const Field& field, WireReader& reader, json::Array& array,
                             const FieldPath& path) {
  std::string_view bytes;
  if (!reader.Bytes(bytes)) return Wrong(path, kCut);
  WireReader packed(bytes);
  while (!packed.done()) {
    RETURN_IF_ERROR(Element(field, packed, WireTypeOf(field), array.emplace_back(nullptr), path));
  }
  return absl::OkStatus();
}

absl::Status Decoder::MapEntry(const Field& field, std::string_view bytes, json::Object& map,
                               const FieldPath& path) {
  json::Value key = "";
  json::Value value;
  RETURN_IF_ERROR(ForEachField(
      bytes, path, [&](uint32_t number, WireType type, WireReader& reader, bool& taken) {
        if (number > 2) return absl::OkStatus();
        taken = true;
        if (number == 2) {
          return Element(field, reader, type, value,
                         FieldPath::Key(path, json::View(key.get_string())));
        }
        std::string_view text;
        if (type != WireType::kBytes || !reader.Bytes(text)) return Wrong(path, kCut);
        return String(text, key, path);
      }));
  if (value.is_null() && field.type == Type::kString) value = "";
  if (value.is_null()) {
    // An entry without a value has an empty one.
    RETURN_IF_ERROR(Bytes(field, {}, value, path));
  }
  map.insert_or_assign(key.get_string(), std::move(value));
  return absl::OkStatus();
}

absl::Status Decoder::Element(const Field& field, WireReader& reader, WireType type,
                              json::Value& value, const FieldPath& path) {
  if (type != WireTypeOf(field) && !(field.shape == Shape::kMap && type == WireType::kBytes)) {
    return Wrong(path, "wrong wire type");
  }
  uint64_t number = 0;
  std::string_view bytes;
  switch (type) {
    case WireType::kVarint:
      if (!reader.Varint(number)) return Wrong(path, kCut);
      if (field.type == Type::kBool) {
        value = number != 0;
      } else if (field.type == Type::kInt32) {
        value = int64_t{static_cast<int32_t>(static_cast<uint32_t>(number))};
      } else {
        value = static_cast<int64_t>(number);
      }
      return absl::OkStatus();
    case WireType::kFixed64: {
      if (!reader.Fixed64(number)) return Wrong(path, kCut);
      const auto real = std::bit_cast<double>(number);
      if (real == static_cast<double>(static_cast<int64_t>(std::clamp(real, -1e15, 1e15)))) {
        value = static_cast<int64_t>(real);
      } else {
        value = real;
      }
      return absl::OkStatus();
    }
    default:
      if (!reader.Bytes(bytes)) return Wrong(path, kCut);
      return Bytes(field, bytes, value, path);
  }
}

absl::Status Decoder::Bytes(const Field& field, std::string_view bytes, json::Value& value,
                            const FieldPath& path) {
  switch (field.type) {
    case Type::kString:
      return String(bytes, value, path);
    case Type::kBytes:
      value = json::ToBoost(EncodeBase64(bytes));
      return absl::OkStatus();
    case Type::kMessage: {
      ASSIGN_OR_RETURN(value, Object(*field.message, bytes, path));
      return absl::OkStatus();
    }
    case Type::kStrings:
      return Strings(bytes, value, path);
    case Type::kSchemaOrArray:
    case Type::kSchemaOrBool:
    case Type::kSchemaOrStrings:
      return SchemaOr(field, bytes, value, path);
    default:
      return Special(field, bytes, value, path);
  }
}

// The messages that are one value in JSON: times, quantities and their like, all of which have a
// few scalar fields.
absl::Status Decoder::Special(const Field& field, std::string_view bytes, json::Value& value,
                              const FieldPath& path) {
  uint64_t numbers[4] = {};
  std::string_view texts[4];
  RETURN_IF_ERROR(ForEachField(
      bytes, path, [&](uint32_t number, WireType type, WireReader& reader, bool& taken) {
        if (number > 3) return absl::OkStatus();
        taken = true;
        const bool read = type == WireType::kVarint  ? reader.Varint(numbers[number])
                          : type == WireType::kBytes ? reader.Bytes(texts[number])
                                                     : reader.Skip(type);
        return read ? absl::OkStatus() : Wrong(path, kCut);
      }));
  switch (field.type) {
    case Type::kTime:
    case Type::kMicroTime: {
      const Timestamp time{static_cast<int64_t>(numbers[1]),
                           static_cast<int32_t>(static_cast<uint32_t>(numbers[2]))};
      if (!CanBeWritten(time)) return Wrong(path, "time out of range");
      if (bytes.empty()) return absl::OkStatus();
      value = json::ToBoost(field.type == Type::kTime ? FormatTime(time) : FormatMicroTime(time));
      return absl::OkStatus();
    }
    case Type::kDuration:
      value = json::ToBoost(FormatDuration(static_cast<int64_t>(numbers[1])));
      return absl::OkStatus();
    case Type::kIntOrString:
      if (numbers[1] == 1) return String(texts[3], value, path);
      value = int64_t{static_cast<int32_t>(static_cast<uint32_t>(numbers[2]))};
      return absl::OkStatus();
    case Type::kQuantity: {
      const auto canonical = CanonicalQuantity(texts[1].empty() ? "0" : texts[1]);
      if (!canonical.ok()) return Wrong(path, kvshim::base::FromAbsl(canonical.status().message()));
      value = json::ToBoost(*canonical);
      return absl::OkStatus();
    }
    default:
      return Raw(texts[1], value, path);
  }
}

absl::Status Decoder::Raw(std::string_view bytes, json::Value& value, const FieldPath& path) {
  if (bytes.empty()) return absl::OkStatus();
  auto parsed = IsEnvelope(bytes) ? DecodeObject(Schema::Kubernetes(), bytes) : ParseJson(bytes);
  if (!parsed.ok()) return Wrong(path, kvshim::base::FromAbsl(parsed.status().message()));
  value = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status Decoder::Strings(std::string_view bytes, json::Value& value, const FieldPath& path) {
  json::Array& array = value.is_array() ? value.get_array() : value.emplace_array();
  return ForEachField(bytes, path,
                      [&](uint32_t number, WireType type, WireReader& reader, bool& taken) {
                        if (number != 1) return absl::OkStatus();
                        taken = true;
                        std::string_view text;
                        if (type != WireType::kBytes || !reader.Bytes(text))
                          return Wrong(path, kCut);
                        return String(text, array.emplace_back(nullptr), path);
                      });
}

absl::Status Decoder::SchemaOr(const Field& field, std::string_view bytes, json::Value& value,
                               const FieldPath& path) {
  const bool or_bool = field.type == Type::kSchemaOrBool;
  const bool or_strings = field.type == Type::kSchemaOrStrings;
  const uint32_t schema = or_bool ? 2 : 1;
  bool allows = false;
  json::Array list;
  RETURN_IF_ERROR(ForEachField(
      bytes, path, [&](uint32_t number, WireType type, WireReader& reader, bool& taken) {
        if (number > 2) return absl::OkStatus();
        taken = true;
        if (or_bool && number == 1) {
          uint64_t flag = 0;
          if (type != WireType::kVarint || !reader.Varint(flag)) return Wrong(path, kCut);
          allows = flag != 0;
          return absl::OkStatus();
        }
        std::string_view inner;
        if (type != WireType::kBytes || !reader.Bytes(inner)) return Wrong(path, kCut);
        const FieldPath at(path, list.size());
        if (number == 2 && or_strings) return String(inner, list.emplace_back(nullptr), at);
        ASSIGN_OR_RETURN(json::Object object, Object(*field.message, inner, at));
        if (number == schema) {
          value = std::move(object);
        } else {
          list.emplace_back(std::move(object));
        }
        return absl::OkStatus();
      }));
  if (!value.is_null()) return absl::OkStatus();
  if (or_bool) {
    value = allows;
  } else if (!list.empty()) {
    value = std::move(list);
  }
  return absl::OkStatus();
}

absl::Status Decoder::String(std::string_view bytes, json::Value& value, const FieldPath& path) {
  if (!IsUtf8(bytes)) return Wrong(path, "invalid UTF-8");
  value = json::ToBoost(bytes);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<json::Object> DecodeProtobuf(const Message& message, std::string_view bytes) {
  return Decoder().Object(message, bytes, FieldPath());
}

}  // namespace kvplane::api
