#include "api/canonical.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "api/base64.h"
#include "api/field_path.h"
#include "api/quantity.h"
#include "api/slots.h"
#include "api/timestamp.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

// What a value is to Go's decoder.
std::string_view JsonName(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::string:
      return "string";
    case json::Kind::bool_:
      return "bool";
    case json::Kind::array:
      return "array";
    case json::Kind::object:
      return "object";
    case json::Kind::null:
      return "null";
    default:
      return "number";
  }
}

class Canonicalizer {
 public:
  absl::Status Object(const Message& message, json::Value& value, const FieldPath& path);

 private:
  absl::Status FieldValue(const Message& owner, const Field& field, json::Value& value,
                          const FieldPath& path);
  absl::Status Element(const Message& owner, const Field& field, json::Value& value,
                       const FieldPath& path);
  absl::Status Number(const Message& owner, const Field& field, json::Value& value,
                      const FieldPath& path);
  absl::Status Text(const Message& owner, const Field& field, json::Value& value,
                    const FieldPath& path);
  absl::Status Time(const Message& owner, const Field& field, json::Value& value,
                    const FieldPath& path);
  absl::Status SchemaOr(const Message& owner, const Field& field, json::Value& value,
                        const FieldPath& path);
  absl::Status Strings(const Message& owner, const Field& field, json::Value& value,
                       const FieldPath& path);

  static absl::Status Wrong(const Message& owner, std::string_view what, std::string_view go_type,
                            const FieldPath& path) {
    return absl::InvalidArgumentError(Concat("json: cannot unmarshal ", what,
                                             " into Go struct field ", owner.name, ".",
                                             path.OfFields(), " of type ", go_type));
  }
};

// What an element of a list or a map is where the document says null.
json::Value ZeroElement(const Field& field) {
  switch (field.type) {
    case Type::kBool:
      return false;
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
    case Type::kIntOrString:
      return 0;
    case Type::kString:
      return "";
    case Type::kQuantity:
      return "0";
    case Type::kDuration:
      return "0s";
    case Type::kMessage:
      return EmptyObject(*field.message);
    default:
      return nullptr;
  }
}

absl::Status Canonicalizer::Object(const Message& message, json::Value& value,
                                   const FieldPath& path) {
  if (path.depth() > kMaxDepth) return absl::InvalidArgumentError("exceeded max depth");
  Slots slots(message);
  for (auto& member : value.get_object()) {
    const int slot = message.Find(json::View(member.key()));
    if (slot == Message::kNotFound || member.value().is_null()) continue;
    const Field& field = *message.slots[static_cast<size_t>(slot)];
    RETURN_IF_ERROR(FieldValue(message, field, member.value(), FieldPath(path, field.name)));
    slots[static_cast<size_t>(slot)] = std::move(member.value());
  }
  value = slots.TakeObject();
  return absl::OkStatus();
}

absl::Status Canonicalizer::FieldValue(const Message& owner, const Field& field, json::Value& value,
                                       const FieldPath& path) {
  if (field.shape == Shape::kSingle) return Element(owner, field, value, path);
  if (field.shape == Shape::kList) {
    if (!value.is_array()) return Wrong(owner, JsonName(value), "[]" + field.go_type, path);
    size_t index = 0;
    for (json::Value& element : value.get_array()) {
      if (element.is_null()) {
        element = ZeroElement(field);
      } else {
        RETURN_IF_ERROR(Element(owner, field, element, FieldPath(path, index)));
      }
      ++index;
    }
    return absl::OkStatus();
  }
  if (!value.is_object()) return Wrong(owner, JsonName(value), "map[string]" + field.go_type, path);
  bool sorted = true;
  const boost::json::key_value_pair* before = nullptr;
  for (auto& member : value.get_object()) {
    if (member.value().is_null()) {
      member.value() = ZeroElement(field);
    } else {
      RETURN_IF_ERROR(
          Element(owner, field, member.value(), FieldPath::Key(path, json::View(member.key()))));
    }
    sorted = sorted && (before == nullptr || before->key() < member.key());
    before = &member;
  }
  if (!sorted) json::SortMembers(value.get_object());
  return absl::OkStatus();
}

absl::Status Canonicalizer::Element(const Message& owner, const Field& field, json::Value& value,
                                    const FieldPath& path) {
  switch (field.type) {
    case Type::kBool:
      if (value.is_bool()) return absl::OkStatus();
      return Wrong(owner, JsonName(value), field.go_type, path);
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
      return Number(owner, field, value, path);
    case Type::kString:
      if (value.is_string()) return absl::OkStatus();
      return Wrong(owner, JsonName(value), field.go_type, path);
    case Type::kIntOrString:
      if (value.is_string()) return absl::OkStatus();
      if (!value.is_number()) return Wrong(owner, JsonName(value), "int32", path);
      return Number(owner, field, value, path);
    case Type::kBytes:
    case Type::kDuration:
    case Type::kQuantity:
      return Text(owner, field, value, path);
    case Type::kTime:
    case Type::kMicroTime:
      return Time(owner, field, value, path);
    case Type::kRaw:
    case Type::kJson:
    case Type::kFieldsV1:
    case Type::kAny:
      return absl::OkStatus();
    case Type::kStrings:
      return Strings(owner, field, value, path);
    case Type::kSchemaOrArray:
    case Type::kSchemaOrBool:
    case Type::kSchemaOrStrings:
      return SchemaOr(owner, field, value, path);
    case Type::kMessage:
      if (value.is_object()) return Object(*field.message, value, path);
      return Wrong(owner, JsonName(value), field.go_type, path);
  }
  return absl::OkStatus();
}

absl::Status Canonicalizer::Number(const Message& owner, const Field& field, json::Value& value,
                                   const FieldPath& path) {
  if (!value.is_number()) return Wrong(owner, JsonName(value), field.go_type, path);
  if (field.type == Type::kDouble) {
    // Go does not keep apart 1 and 1.0, so a whole number stays one.
    if (value.is_double() && value.get_double() == std::floor(value.get_double()) &&
        std::fabs(value.get_double()) < 1e15) {
      value = static_cast<int64_t>(value.get_double());
    }
    return absl::OkStatus();
  }
  const bool narrow = field.type != Type::kInt64;
  const bool fits =
      value.is_int64() && (!narrow || (value.get_int64() >= std::numeric_limits<int32_t>::min() &&
                                       value.get_int64() <= std::numeric_limits<int32_t>::max()));
  if (fits) return absl::OkStatus();
  return Wrong(owner, "number " + ToJson(value), narrow ? "int32" : "int64", path);
}

absl::Status Canonicalizer::Text(const Message& owner, const Field& field, json::Value& value,
                                 const FieldPath& path) {
  // Quantities may be numbers.
  if (field.type == Type::kQuantity && value.is_number()) {
    value = json::ToBoost(ToJson(value));
  }
  if (!value.is_string()) return Wrong(owner, JsonName(value), field.go_type, path);
  const std::string_view text = json::View(value.get_string());
  absl::StatusOr<std::string> canonical;
  if (field.type == Type::kQuantity) {
    const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    const size_t end = text.find_last_not_of(" \t\r\n") + 1;
    canonical = CanonicalQuantity(text.substr(begin, end > begin ? end - begin : 0));
  } else if (field.type == Type::kDuration) {
    const auto nanos = ParseDuration(text);
    if (nanos.ok()) canonical = FormatDuration(*nanos);
    if (!nanos.ok()) canonical = nanos.status();
  } else {
    const auto bytes = DecodeBase64(text);
    if (bytes.ok()) canonical = EncodeBase64(*bytes);
    if (!bytes.ok()) canonical = bytes.status();
  }
  if (!canonical.ok()) return std::move(canonical).status();
  if (*canonical != text) value = json::ToBoost(*canonical);
  return absl::OkStatus();
}

absl::Status Canonicalizer::Time(const Message& owner, const Field& field, json::Value& value,
                                 const FieldPath& path) {
  if (!value.is_string()) return Wrong(owner, JsonName(value), field.go_type, path);
  ASSIGN_OR_RETURN(const Timestamp time, ParseTimestamp(json::View(value.get_string())));
  if (time.IsZero()) {
    value = nullptr;
  } else {
    value = json::ToBoost(field.type == Type::kTime ? FormatTime(time) : FormatMicroTime(time));
  }
  return absl::OkStatus();
}

absl::Status Canonicalizer::Strings(const Message& owner, const Field& field, json::Value& value,
                                    const FieldPath& path) {
  if (!value.is_array()) return Wrong(owner, JsonName(value), field.go_type, path);
  for (json::Value& element : value.get_array()) {
    if (element.is_null()) element = "";
    if (!element.is_string()) return Wrong(owner, JsonName(element), "string", path);
  }
  return absl::OkStatus();
}

absl::Status Canonicalizer::SchemaOr(const Message& owner, const Field& field, json::Value& value,
                                     const FieldPath& path) {
  if (value.is_object()) return Object(*field.message, value, path);
  if (field.type == Type::kSchemaOrBool && value.is_bool()) return absl::OkStatus();
  if (!value.is_array() || field.type == Type::kSchemaOrBool) {
    return Wrong(owner, JsonName(value), field.go_type, path);
  }
  size_t index = 0;
  for (json::Value& element : value.get_array()) {
    if (element.is_null() && field.type == Type::kSchemaOrStrings) element = "";
    if (element.is_null()) element = EmptyObject(*field.message);
    if (field.type == Type::kSchemaOrStrings ? !element.is_string() : !element.is_object()) {
      return Wrong(owner, JsonName(element), field.go_type, path);
    }
    if (element.is_object()) {
      RETURN_IF_ERROR(Object(*field.message, element, FieldPath(path, index)));
    }
    ++index;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<json::Value> Canonicalize(const Message& message, json::Value document) {
  if (!document.is_object()) {
    return absl::InvalidArgumentError(Concat("json: cannot unmarshal ", JsonName(document),
                                             " into Go value of type ", message.GoType()));
  }
  RETURN_IF_ERROR(Canonicalizer().Object(message, document, FieldPath()));
  return document;
}

}  // namespace kvplane::api
