#include "cel/document.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "api/base64.h"
#include "base/status.h"
#include "base/strings.h"
#include "cel/text.h"
#include "cel/time.h"

namespace kvplane::cel {

namespace {

namespace json = api::json;
using Kind = Type::Kind;

class JsonList : public List {
 public:
  JsonList(const json::Array& array, TypePtr type)
      : array_(array),
        type_(std::move(type)),
        element_(type_->Is(Kind::kList) ? type_->parameters[0] : SimpleType(Kind::kDyn)) {}

  size_t Size() const override { return array_.size(); }
  Value At(size_t index) const override { return FromJson(array_[index], element_); }
  ListIdentity Identity() const override { return type_->identity; }
  std::vector<Value> KeysOf(const Value& element) const override {
    std::vector<Value> keys;
    if (!element.Is(Value::Kind::kMap)) return keys;
    for (const std::string& name : type_->keys) {
      keys.push_back(element.GetMap().Find(Value::StringIn(name)).value_or(Value()));
    }
    return keys;
  }

 private:
  const json::Array& array_;
  const TypePtr type_;
  const TypePtr element_;
};

class JsonMap : public Map {
 public:
  JsonMap(const json::Object& object, TypePtr value) : object_(object), value_(std::move(value)) {}

  size_t Size() const override { return object_.size(); }
  std::optional<Value> Find(const Value& key) const override {
    if (!key.Is(Value::Kind::kString)) return std::nullopt;
    const json::Value* found = json::Find(object_, key.GetString());
    if (found == nullptr) return std::nullopt;
    return FromJson(*found, value_);
  }
  void Visit(const std::function<bool(const Value&, const Value&)>& visit) const override {
    for (const auto& member : object_) {
      const Value key = Value::StringIn(json::View(member.key()));
      if (!visit(key, FromJson(member.value(), value_))) return;
    }
  }

 private:
  const json::Object& object_;
  const TypePtr value_;
};

class JsonObject : public Map {
 public:
  JsonObject(const json::Object& object, TypePtr type) : object_(object), type_(std::move(type)) {}

  size_t Size() const override { return object_.size(); }
  std::optional<Value> Find(const Value& key) const override {
    if (!key.Is(Value::Kind::kString)) return std::nullopt;
    const Field* field = type_->FindField(key.GetString());
    const json::Value* found = field == nullptr ? nullptr : json::Find(object_, field->member);
    if (found == nullptr) return std::nullopt;
    return FromJson(*found, field->type);
  }
  void Visit(const std::function<bool(const Value&, const Value&)>& visit) const override {
    for (const auto& [name, field] : type_->fields) {
      const json::Value* found = json::Find(object_, field.member);
      if (found == nullptr) continue;
      if (!visit(Value::StringIn(name), FromJson(*found, field.type))) return;
    }
  }
  bool IsObject() const override { return true; }

 private:
  const json::Object& object_;
  const TypePtr type_;
};

Value Misfit(std::string_view wanted) {
  return Value::Error(kvshim::base::Concat("invalid data, expected a value of type ", wanted));
}

Value ReadText(std::string_view text, Kind kind) {
  if (kind == Kind::kTimestamp) {
    // A date alone stands for its first moment.
    auto time = ReadTimestamp(text);
    if (!time) time = ReadTimestamp(kvshim::base::Concat(text, "T00:00:00Z"));
    return time ? Value::Timestamp(*time) : Misfit("google.protobuf.Timestamp");
  }
  if (kind == Kind::kDuration) {
    const auto duration = ReadDuration(text);
    return duration ? Value::Duration(*duration) : Misfit("google.protobuf.Duration");
  }
  if (kind == Kind::kBytes) {
    auto bytes = api::DecodeBase64(text);
    return bytes.ok() ? Value::Bytes(*std::move(bytes)) : Misfit("bytes");
  }
  return Value::StringIn(text);
}

Value ReadNumber(const json::Value& document, Kind kind) {
  if (kind == Kind::kDouble) return Value::Double(document.to_number<double>());
  if (document.is_int64()) return Value::Int(document.get_int64());
  const auto number = document.to_number<double>();
  const bool whole = kind == Kind::kInt && number == std::floor(number) && std::abs(number) < 9e18;
  return whole ? Value::Int(static_cast<int64_t>(number)) : Value::Double(number);
}

}  // namespace

Value FromJson(const json::Object& document, const TypePtr& type) {
  if (type->Is(Kind::kObject)) return Value::MapOf(std::make_shared<JsonObject>(document, type));
  return Value::MapOf(std::make_shared<JsonMap>(
      document, type->Is(Kind::kMap) ? type->parameters[1] : SimpleType(Kind::kDyn)));
}

Value FromJson(const json::Value& document, const TypePtr& type) {
  switch (document.kind()) {
    case json::Kind::null:
      return {};
    case json::Kind::bool_:
      return Value::Bool(document.get_bool());
    case json::Kind::string:
      return ReadText(json::View(document.get_string()), type->kind);
    case json::Kind::array:
      return Value::ListOf(std::make_shared<JsonList>(document.get_array(), type));
    case json::Kind::object:
      return FromJson(document.get_object(), type);
    default:
      return ReadNumber(document, type->kind);
  }
}

absl::StatusOr<json::Value> ToJson(const Value& value, Budget& budget) {
  const bool text = value.Is(Value::Kind::kString) || value.Is(Value::Kind::kBytes);
  if (!budget.Charge() || !budget.ChargeBytes(text ? value.GetString().size() : 0)) {
    return absl::InvalidArgumentError("operation cancelled: actual cost limit exceeded");
  }
  using ValueKind = Value::Kind;
  switch (value.kind()) {
    case ValueKind::kNull:
      return json::Value();
    case ValueKind::kBool:
      return json::Value(value.GetBool());
    case ValueKind::kInt:
      return json::Value(value.GetInt());
    case ValueKind::kUint:
      return json::Value(value.GetUint());
    case ValueKind::kDouble:
      return json::Value(value.GetDouble());
    case ValueKind::kString:
      return json::Value(json::ToBoost(value.GetString()));
    case ValueKind::kBytes:
      return json::Value(json::ToBoost(api::EncodeBase64(value.GetString())));
    case ValueKind::kTimestamp:
      return json::Value(json::ToBoost(TextOf(value.GetTimestamp())));
    case ValueKind::kDuration:
      return json::Value(json::ToBoost(TextOfDuration(value.GetInt())));
    case ValueKind::kList: {
      json::Array out;
      for (size_t i = 0; i < value.GetList().Size(); ++i) {
        ASSIGN_OR_RETURN(json::Value element, ToJson(value.GetList().At(i), budget));
        out.push_back(std::move(element));
      }
      return json::Value(std::move(out));
    }
    case ValueKind::kMap: {
      json::Object out;
      absl::Status status;
      value.GetMap().Visit([&](const Value& key, const Value& member) {
        auto made = ToJson(member, budget);
        if (!key.Is(ValueKind::kString)) {
          status = absl::InvalidArgumentError("keys of an object must be strings");
        } else if (!made.ok()) {
          status = made.status();
        } else {
          out[json::ToBoost(key.GetString())] = *std::move(made);
        }
        return status.ok();
      });
      RETURN_IF_ERROR(status);
      return json::Value(std::move(out));
    }
    default:
      return absl::InvalidArgumentError(kvshim::base::ToAbsl(
          kvshim::base::Concat("a value of type ", TypeOf(value)->ToString(), " is no JSON")));
  }
}

}  // namespace kvplane::cel
