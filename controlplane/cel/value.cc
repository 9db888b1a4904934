#include "cel/value.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <map>
#include <utility>

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;

class Elements : public List {
 public:
  explicit Elements(std::vector<Value> elements) : elements_(std::move(elements)) {}
  size_t Size() const override { return elements_.size(); }
  Value At(size_t index) const override { return elements_[index]; }

 private:
  const std::vector<Value> elements_;
};

Order SignOf(std::partial_ordering order) {
  if (order == std::partial_ordering::unordered) return {0, true};
  return {order < 0 ? -1 : order > 0 ? 1 : 0, false};
}

// Exact, however large the integer: a double beyond its range is beyond it.
Order CompareToDouble(__int128 a, double b) {
  if (std::isnan(b)) return {0, true};
  constexpr double kBeyond = 1e30;
  if (b >= kBeyond) return {-1, false};
  if (b <= -kBeyond) return {1, false};
  const double whole = std::floor(b);
  const auto floor = static_cast<__int128>(whole);
  if (a != floor) return {a < floor ? -1 : 1, false};
  return {b > whole ? -1 : 0, false};
}

Order CompareNumbers(const Value& a, const Value& b) {
  const auto whole = [](const Value& value) {
    return value.Is(Kind::kInt) ? static_cast<__int128>(value.GetInt())
                                : static_cast<__int128>(value.GetUint());
  };
  if (a.Is(Kind::kDouble) && b.Is(Kind::kDouble)) return SignOf(a.GetDouble() <=> b.GetDouble());
  if (b.Is(Kind::kDouble)) return CompareToDouble(whole(a), b.GetDouble());
  if (a.Is(Kind::kDouble)) {
    const Order turned = CompareToDouble(whole(b), a.GetDouble());
    return {-turned.sign, turned.unordered};
  }
  return {whole(a) < whole(b) ? -1 : whole(a) > whole(b) ? 1 : 0, false};
}

bool EqualKeys(const List& keys, const Value& a, const Value& b, Budget& budget) {
  const std::vector<Value> first = keys.KeysOf(a);
  const std::vector<Value> second = keys.KeysOf(b);
  return std::equal(first.begin(), first.end(), second.begin(), second.end(),
                    [&](const Value& x, const Value& y) { return Equal(x, y, budget); });
}

bool EqualLists(const List& a, const List& b, Budget& budget) {
  if (a.Size() != b.Size()) return false;
  const ListIdentity identity = a.Identity() != ListIdentity::kPlace ? a.Identity() : b.Identity();
  if (identity == ListIdentity::kPlace) {
    for (size_t i = 0; i < a.Size(); ++i) {
      if (!Equal(a.At(i), b.At(i), budget)) return false;
    }
    return true;
  }
  const List& keyed = a.Identity() != ListIdentity::kPlace ? a : b;
  for (size_t i = 0; i < a.Size(); ++i) {
    const Value element = a.At(i);
    bool found = false;
    for (size_t j = 0; j < b.Size() && !found; ++j) {
      const Value other = b.At(j);
      if (identity == ListIdentity::kKeys && !EqualKeys(keyed, element, other, budget)) continue;
      found = Equal(element, other, budget);
    }
    if (!found) return false;
  }
  return true;
}

bool EqualMaps(const Map& a, const Map& b, Budget& budget) {
  if (a.Size() != b.Size()) return false;
  bool equal = true;
  a.Visit([&](const Value& key, const Value& value) {
    const std::optional<Value> other = b.Find(key);
    equal = other && Equal(value, *other, budget);
    return equal;
  });
  return equal;
}

// Values do not know what they hold.
TypePtr Bare(Type::Kind kind) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  return type;
}

bool EqualOptionals(const Value* a, const Value* b, Budget& budget) {
  return a == nullptr || b == nullptr ? a == b : Equal(*a, *b, budget);
}

std::optional<Order> OrderOf(const Value& a, const Value& b) {
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::kBool:
      return Order{static_cast<int>(a.GetBool()) - static_cast<int>(b.GetBool()), false};
    case Kind::kString:
    case Kind::kBytes: {
      const int order = a.GetString().compare(b.GetString());
      return Order{order < 0 ? -1 : order > 0 ? 1 : 0, false};
    }
    case Kind::kTimestamp: {
      const api::Timestamp x = a.GetTimestamp();
      const api::Timestamp y = b.GetTimestamp();
      return SignOf(x.seconds != y.seconds ? x.seconds <=> y.seconds : x.nanos <=> y.nanos);
    }
    case Kind::kDuration:
      return SignOf(a.GetInt() <=> b.GetInt());
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<Value> List::KeysOf(const Value& element) const { return {element}; }

Value Value::Owned(Kind kind, std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view view = *owner;
  return {kind, Text{std::move(owner), view}};
}
Value Value::String(std::string value) { return Owned(Kind::kString, std::move(value)); }
Value Value::Bytes(std::string value) { return Owned(Kind::kBytes, std::move(value)); }
Value Value::Error(std::string why) { return Owned(Kind::kError, std::move(why)); }
Value Value::ListOf(std::vector<Value> elements) {
  return ListOf(std::make_shared<const Elements>(std::move(elements)));
}
Value Value::Some(Value value) {
  return {Kind::kOptional, std::make_shared<const Value>(std::move(value))};
}

TypePtr TypeOf(const Value& value) {
  static const TypePtr list = Bare(Type::Kind::kList);
  static const TypePtr map = Bare(Type::Kind::kMap);
  static const TypePtr optional = Bare(Type::Kind::kOptional);
  static const TypePtr type = Bare(Type::Kind::kType);
  static const TypePtr object = ObjectType("object", {});
  switch (value.kind()) {
    case Kind::kNull:
      return SimpleType(Type::Kind::kNull);
    case Kind::kBool:
      return SimpleType(Type::Kind::kBool);
    case Kind::kInt:
      return SimpleType(Type::Kind::kInt);
    case Kind::kUint:
      return SimpleType(Type::Kind::kUint);
    case Kind::kDouble:
      return SimpleType(Type::Kind::kDouble);
    case Kind::kString:
      return SimpleType(Type::Kind::kString);
    case Kind::kBytes:
      return SimpleType(Type::Kind::kBytes);
    case Kind::kTimestamp:
      return SimpleType(Type::Kind::kTimestamp);
    case Kind::kDuration:
      return SimpleType(Type::Kind::kDuration);
    case Kind::kList:
      return list;
    case Kind::kMap:
      return value.GetMap().IsObject() ? object : map;
    case Kind::kType:
      return type;
    case Kind::kOptional:
      return optional;
    case Kind::kOpaque:
      return OpaqueType(value.GetOpaque().TypeName());
    case Kind::kError:
      break;
  }
  return SimpleType(Type::Kind::kDyn);
}

bool Equal(const Value& a, const Value& b, Budget& budget) {
  if (!budget.Charge()) return false;
  if (a.IsNumber() && b.IsNumber()) {
    const Order order = CompareNumbers(a, b);
    return order.sign == 0 && !order.unordered;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.GetBool() == b.GetBool();
    case Kind::kString:
    case Kind::kBytes:
      return a.GetString().size() == b.GetString().size() &&
             budget.ChargeBytes(a.GetString().size()) && a.GetString() == b.GetString();
    case Kind::kTimestamp:
      return a.GetTimestamp() == b.GetTimestamp();
    case Kind::kDuration:
      return a.GetInt() == b.GetInt();
    case Kind::kList:
      return EqualLists(a.GetList(), b.GetList(), budget);
    case Kind::kMap:
      return EqualMaps(a.GetMap(), b.GetMap(), budget);
    case Kind::kType:
      return a.GetType()->kind == b.GetType()->kind && a.GetType()->name == b.GetType()->name;
    case Kind::kOptional:
      return EqualOptionals(a.GetOptional(), b.GetOptional(), budget);
    case Kind::kOpaque:
      return a.GetOpaque().Equals(b.GetOpaque());
    default:
      return false;
  }
}

std::optional<Order> Compare(const Value& a, const Value& b, Budget& budget) {
  const auto bytes = [](const Value& value) {
    const bool text = value.Is(Kind::kString) || value.Is(Kind::kBytes);
    return text ? value.GetString().size() : 0;
  };
  if (!budget.Charge() || !budget.ChargeBytes(std::min(bytes(a), bytes(b)))) return Order();
  return OrderOf(a, b);
}

// In the order in which they were put.
class MapBuilder::Entries : public Map {
 public:
  struct Less {
    static int Rank(const Value& key) { return key.IsNumber() ? 1 : key.Is(Kind::kBool) ? 0 : 2; }
    bool operator()(const Value& a, const Value& b) const {
      if (Rank(a) != Rank(b)) return Rank(a) < Rank(b);
      const auto order = OrderOf(a, b);
      return order && order->sign < 0;
    }
  };

  size_t Size() const override { return entries.size(); }
  std::optional<Value> Find(const Value& key) const override {
    if (!IsKey(key)) return std::nullopt;
    const auto found = places.find(key);
    if (found == places.end()) return std::nullopt;
    return entries[found->second].second;
  }
  void Visit(const std::function<bool(const Value&, const Value&)>& visit) const override {
    for (const auto& [key, value] : entries) {
      if (!visit(key, value)) return;
    }
  }
  static bool IsKey(const Value& key) {
    if (key.Is(Kind::kDouble)) return !std::isnan(key.GetDouble());
    return key.IsNumber() || key.Is(Kind::kBool) || key.Is(Kind::kString);
  }

  std::vector<std::pair<Value, Value>> entries;
  std::map<Value, size_t, Less> places;
};

MapBuilder::MapBuilder() : entries_(std::make_shared<Entries>()) {}

MapBuilder::Outcome MapBuilder::Add(const Value& key, Value value) {
  if (!Entries::IsKey(key) || key.Is(Kind::kDouble)) return Outcome::kUnsupported;
  if (!entries_->places.emplace(key, entries_->entries.size()).second) return Outcome::kRepeated;
  entries_->entries.emplace_back(key, std::move(value));
  return Outcome::kAdded;
}

Value MapBuilder::Build() { return Value::MapOf(std::move(entries_)); }

}  // namespace kvplane::cel
