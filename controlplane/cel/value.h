// Value: what an expression comes to: a number, a text, a list, …, or why it comes to nothing.
//
// Documents are not copied: lists, maps and texts that come from one point into it, and it must
// outlive them (document.h).
//
// Thread safety: values; what they share is immutable.
//
//   Value sum = Value::Int(3);
//   if (sum.Is(Value::Kind::kInt)) sum.GetInt() == 3;
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/timestamp.h"
#include "cel/budget.h"
#include "cel/type.h"

namespace kvplane::cel {

class Value;

class List {
 public:
  virtual ~List() = default;
  virtual size_t Size() const = 0;
  virtual Value At(size_t index) const = 0;
  virtual ListIdentity Identity() const { return ListIdentity::kPlace; }
  // Of an element, where the identity is kKeys: the values that tell it from others.
  virtual std::vector<Value> KeysOf(const Value& element) const;
};

class Map {
 public:
  virtual ~Map() = default;
  virtual size_t Size() const = 0;
  virtual std::optional<Value> Find(const Value& key) const = 0;
  // Ends where `visit` is false.
  virtual void Visit(
      const std::function<bool(const Value& key, const Value& value)>& visit) const = 0;
  // An object's fields are selected, and not looked through.
  virtual bool IsObject() const { return false; }
};

// A type of Kubernetes' own.
class Opaque {
 public:
  virtual ~Opaque() = default;
  virtual std::string_view TypeName() const = 0;
  virtual bool Equals(const Opaque& other) const = 0;
};

class Value {
 public:
  enum class Kind : uint8_t {
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kBytes,
    kTimestamp,
    kDuration,
    kList,
    kMap,
    kType,
    kOptional,
    kOpaque,
    kError,
  };

  Value() = default;  // null
  static Value Bool(bool value) { return {Kind::kBool, value}; }
  static Value Int(int64_t value) { return {Kind::kInt, value}; }
  static Value Uint(uint64_t value) { return {Kind::kUint, value}; }
  static Value Double(double value) { return {Kind::kDouble, value}; }
  static Value String(std::string value);
  static Value StringIn(std::string_view document) { return {Kind::kString, Text{{}, document}}; }
  static Value Bytes(std::string value);
  static Value Timestamp(api::Timestamp value) { return {Kind::kTimestamp, value}; }
  static Value Duration(int64_t nanos) { return {Kind::kDuration, nanos}; }
  static Value ListOf(std::shared_ptr<const List> value) { return {Kind::kList, std::move(value)}; }
  static Value ListOf(std::vector<Value> elements);
  static Value MapOf(std::shared_ptr<const Map> value) { return {Kind::kMap, std::move(value)}; }
  static Value TypeOf(TypePtr value) { return {Kind::kType, std::move(value)}; }
  static Value Some(Value value);
  static Value None() { return {Kind::kOptional, std::shared_ptr<const Value>()}; }
  static Value OpaqueOf(std::shared_ptr<const Opaque> value) {
    return {Kind::kOpaque, std::move(value)};
  }
  static Value Error(std::string why);

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  bool IsError() const { return kind_ == Kind::kError; }
  bool IsTrue() const { return kind_ == Kind::kBool && GetBool(); }
  bool IsNumber() const {
    return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble;
  }

  bool GetBool() const { return std::get<bool>(data_); }
  int64_t GetInt() const { return std::get<int64_t>(data_); }  // of a duration: nanoseconds
  uint64_t GetUint() const { return std::get<uint64_t>(data_); }
  double GetDouble() const { return std::get<double>(data_); }
  std::string_view GetString() const { return std::get<Text>(data_).view; }  // or bytes, or error
  api::Timestamp GetTimestamp() const { return std::get<api::Timestamp>(data_); }
  const List& GetList() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Map& GetMap() const { return *std::get<std::shared_ptr<const Map>>(data_); }
  const TypePtr& GetType() const { return std::get<TypePtr>(data_); }
  // Null for none.
  const Value* GetOptional() const { return std::get<std::shared_ptr<const Value>>(data_).get(); }
  const Opaque& GetOpaque() const { return *std::get<std::shared_ptr<const Opaque>>(data_); }
  // Null where it is of another type.
  template <typename T>
  const T* GetOpaqueAs() const {
    return kind_ == Kind::kOpaque ? dynamic_cast<const T*>(&GetOpaque()) : nullptr;
  }

 private:
  struct Text {
    std::shared_ptr<const std::string> owner;  // null where it lies in a document
    std::string_view view;
  };
  using Data = std::variant<std::monostate, bool, int64_t, uint64_t, double, Text, api::Timestamp,
                            std::shared_ptr<const List>, std::shared_ptr<const Map>, TypePtr,
                            std::shared_ptr<const Value>, std::shared_ptr<const Opaque>>;

  Value(Kind kind, Data data) : kind_(kind), data_(std::move(data)) {}
  static Value Owned(Kind kind, std::string text);

  Kind kind_ = Kind::kNull;
  Data data_;
};

// Its type, as type() tells it.
TypePtr TypeOf(const Value& value);

// Numbers of all types are compared by what they are worth; values of other types differ. What is
// looked at is charged: a value may hold others many times over. Where the budget is used up
// nothing is equal.
bool Equal(const Value& a, const Value& b, Budget& budget);

// Of two values that have an order (numbers, texts, bytes, bools, times): below zero, zero, above.
// None where they have none; where one is not a number, all comparisons are false.
struct Order {
  int sign = 0;
  bool unordered = false;
};
std::optional<Order> Compare(const Value& a, const Value& b, Budget& budget);

// A map that keys are put into; they are bools, numbers and texts.
class MapBuilder {
 public:
  MapBuilder();
  // False for a key of another type, or one that is there.
  enum class Outcome : uint8_t { kAdded, kUnsupported, kRepeated };
  Outcome Add(const Value& key, Value value);
  Value Build();

 private:
  class Entries;
  std::shared_ptr<Entries> entries_;
};

}  // namespace kvplane::cel
