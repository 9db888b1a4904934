// The operators: arithmetic that tells of an overflow, comparison, membership, indexes.
#include <cmath>
#include <limits>
#include <utility>

#include "base/strings.h"
#include "cel/function.h"
#include "cel/time.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

Value Overflow() { return Value::Error("integer overflow"); }
Value UnsignedOverflow() { return Value::Error("unsigned integer overflow"); }

Value Not(const Call& call) {
  return call[0].Is(Kind::kBool) ? Value::Bool(!call[0].GetBool()) : NoSuchOverload();
}

Value Negate(const Call& call) {
  const Value& value = call[0];
  if (value.Is(Kind::kDouble)) return Value::Double(-value.GetDouble());
  const bool duration = value.Is(Kind::kDuration);
  if (!value.Is(Kind::kInt) && !duration) return NoSuchOverload();
  if (value.GetInt() == std::numeric_limits<int64_t>::min()) return Overflow();
  return duration ? Value::Duration(-value.GetInt()) : Value::Int(-value.GetInt());
}

Value AddToTime(api::Timestamp time, __int128 nanos) {
  constexpr __int128 kSecond = 1000000000;
  const __int128 all = static_cast<__int128>(time.seconds) * kSecond + time.nanos + nanos;
  __int128 seconds = all / kSecond;
  __int128 rest = all % kSecond;
  if (rest < 0) {
    --seconds;
    rest += kSecond;
  }
  const api::Timestamp out{static_cast<int64_t>(seconds), static_cast<int32_t>(rest)};
  return IsInRange(out) ? Value::Timestamp(out) : Value::Error("timestamp overflow");
}

// Where lists are maps or sets, the second's elements take the place of their like in the first.
Value AddLists(const Call& call, const List& a, const List& b) {
  if (!call.budget.Charge(static_cast<int64_t>(a.Size() + b.Size()))) return {};
  std::vector<Value> out;
  out.reserve(a.Size() + b.Size());
  for (size_t i = 0; i < a.Size(); ++i) out.push_back(a.At(i));
  const ListIdentity identity = a.Identity();
  const auto same = [&](const Value& x, const Value& y) {
    if (identity == ListIdentity::kSet) return Equal(x, y, call.budget);
    const auto first = a.KeysOf(x);
    const auto second = a.KeysOf(y);
    return std::equal(first.begin(), first.end(), second.begin(), second.end(),
                      [&](const Value& p, const Value& q) { return Equal(p, q, call.budget); });
  };
  for (size_t i = 0; i < b.Size(); ++i) {
    Value element = b.At(i);
    bool there = false;
    for (size_t j = 0; identity != ListIdentity::kPlace && j < out.size() && !there; ++j) {
      if (call.budget.exhausted()) return {};
      there = same(out[j], element);
      if (there) out[j] = element;
    }
    if (!there) out.push_back(std::move(element));
  }
  return Value::ListOf(std::move(out));
}

Value Add(const Call& call) {
  const Value& a = call[0];
  const Value& b = call[1];
  if (a.Is(Kind::kTimestamp) && b.Is(Kind::kDuration)) {
    return AddToTime(a.GetTimestamp(), b.GetInt());
  }
  if (a.Is(Kind::kDuration) && b.Is(Kind::kTimestamp)) {
    return AddToTime(b.GetTimestamp(), a.GetInt());
  }
  if (a.kind() != b.kind()) return NoSuchOverload();
  switch (a.kind()) {
    case Kind::kInt:
    case Kind::kDuration: {
      int64_t sum = 0;
      if (__builtin_add_overflow(a.GetInt(), b.GetInt(), &sum)) {
        return a.Is(Kind::kInt) ? Overflow() : Value::Error("duration overflow");
      }
      return a.Is(Kind::kInt) ? Value::Int(sum) : Value::Duration(sum);
    }
    case Kind::kUint: {
      uint64_t sum = 0;
      if (__builtin_add_overflow(a.GetUint(), b.GetUint(), &sum)) return UnsignedOverflow();
      return Value::Uint(sum);
    }
    case Kind::kDouble:
      return Value::Double(a.GetDouble() + b.GetDouble());
    case Kind::kString:
    case Kind::kBytes: {
      if (!call.budget.ChargeBytes(a.GetString().size() + b.GetString().size())) return {};
      std::string text = Concat(a.GetString(), b.GetString());
      return a.Is(Kind::kString) ? Value::String(std::move(text)) : Value::Bytes(std::move(text));
    }
    case Kind::kList:
      return AddLists(call, a.GetList(), b.GetList());
    default:
      return Value::Error("no such overload: _+_");
  }
}

Value Subtract(const Call& call) {
  const Value& a = call[0];
  const Value& b = call[1];
  if (call.Are({Kind::kTimestamp, Kind::kDuration})) {
    return AddToTime(a.GetTimestamp(), -static_cast<__int128>(b.GetInt()));
  }
  if (call.Are({Kind::kTimestamp, Kind::kTimestamp})) {
    const api::Timestamp x = a.GetTimestamp();
    const api::Timestamp y = b.GetTimestamp();
    int64_t nanos = 0;
    if (__builtin_mul_overflow(x.seconds - y.seconds, int64_t{1000000000}, &nanos) ||
        __builtin_add_overflow(nanos, static_cast<int64_t>(x.nanos - y.nanos), &nanos)) {
      return Value::Error("duration overflow");
    }
    return Value::Duration(nanos);
  }
  if (call.Are({Kind::kInt, Kind::kInt}) || call.Are({Kind::kDuration, Kind::kDuration})) {
    int64_t rest = 0;
    if (__builtin_sub_overflow(a.GetInt(), b.GetInt(), &rest)) {
      return a.Is(Kind::kInt) ? Overflow() : Value::Error("duration overflow");
    }
    return a.Is(Kind::kInt) ? Value::Int(rest) : Value::Duration(rest);
  }
  if (call.Are({Kind::kUint, Kind::kUint})) {
    uint64_t rest = 0;
    if (__builtin_sub_overflow(a.GetUint(), b.GetUint(), &rest)) return UnsignedOverflow();
    return Value::Uint(rest);
  }
  if (call.Are({Kind::kDouble, Kind::kDouble})) {
    return Value::Double(a.GetDouble() - b.GetDouble());
  }
  return NoSuchOverload();
}

Value Multiply(const Call& call) {
  const Value& a = call[0];
  const Value& b = call[1];
  if (call.Are({Kind::kInt, Kind::kInt})) {
    int64_t product = 0;
    if (__builtin_mul_overflow(a.GetInt(), b.GetInt(), &product)) return Overflow();
    return Value::Int(product);
  }
  if (call.Are({Kind::kUint, Kind::kUint})) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(a.GetUint(), b.GetUint(), &product)) return UnsignedOverflow();
    return Value::Uint(product);
  }
  if (call.Are({Kind::kDouble, Kind::kDouble})) {
    return Value::Double(a.GetDouble() * b.GetDouble());
  }
  return NoSuchOverload();
}

// Division and modulus.
Value Divide(const Call& call) {
  const Value& a = call[0];
  const Value& b = call[1];
  const bool rest = call.name == "_%_";
  const auto by_zero = [rest] {
    return Value::Error(rest ? "modulus by zero" : "division by zero");
  };
  if (call.Are({Kind::kInt, Kind::kInt})) {
    if (b.GetInt() == 0) return by_zero();
    if (a.GetInt() == std::numeric_limits<int64_t>::min() && b.GetInt() == -1) return Overflow();
    return Value::Int(rest ? a.GetInt() % b.GetInt() : a.GetInt() / b.GetInt());
  }
  if (call.Are({Kind::kUint, Kind::kUint})) {
    if (b.GetUint() == 0) return by_zero();
    return Value::Uint(rest ? a.GetUint() % b.GetUint() : a.GetUint() / b.GetUint());
  }
  if (call.Are({Kind::kDouble, Kind::kDouble}) && !rest) {
    return Value::Double(a.GetDouble() / b.GetDouble());
  }
  return NoSuchOverload();
}

Value AreEqual(const Call& call) {
  return Value::Bool(Equal(call[0], call[1], call.budget) == (call.name == "_==_"));
}

Value Less(const Call& call) {
  const auto order = Compare(call[0], call[1], call.budget);
  if (!order) return NoSuchOverload();
  if (order->unordered) return Value::Bool(false);
  if (call.name == "_<_") return Value::Bool(order->sign < 0);
  if (call.name == "_<=_") return Value::Bool(order->sign <= 0);
  if (call.name == "_>_") return Value::Bool(order->sign > 0);
  return Value::Bool(order->sign >= 0);
}

Value In(const Call& call) {
  if (call[1].Is(Kind::kMap)) return Value::Bool(call[1].GetMap().Find(call[0]).has_value());
  if (!call[1].Is(Kind::kList)) return NoSuchOverload();
  const List& list = call[1].GetList();
  for (size_t i = 0; i < list.Size(); ++i) {
    if (call.budget.exhausted()) return {};
    if (Equal(list.At(i), call[0], call.budget)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

// A whole number of any type as an index.
bool ReadIndex(const Value& value, int64_t& index) {
  if (value.Is(Kind::kInt)) index = value.GetInt();
  if (value.Is(Kind::kUint)) {
    index = static_cast<int64_t>(
        std::min<uint64_t>(value.GetUint(), std::numeric_limits<int64_t>::max()));
  }
  if (value.Is(Kind::kDouble)) {
    if (value.GetDouble() != std::floor(value.GetDouble())) return false;
    index = static_cast<int64_t>(value.GetDouble());
  }
  return value.IsNumber();
}

std::string Shown(const Value& key) {
  if (key.Is(Kind::kString)) return std::string(key.GetString());
  if (key.Is(Kind::kInt)) return std::to_string(key.GetInt());
  if (key.Is(Kind::kUint)) return std::to_string(key.GetUint());
  if (key.Is(Kind::kBool)) return key.GetBool() ? "true" : "false";
  return TypeOf(key)->ToString();
}

Value ElementOf(const Value& target, const Value& key) {
  if (target.Is(Kind::kMap)) {
    auto found = target.GetMap().Find(key);
    return found ? *std::move(found) : Value::Error(Concat("no such key: ", Shown(key)));
  }
  if (!target.Is(Kind::kList)) return NoSuchOverload();
  int64_t index = 0;
  if (!ReadIndex(key, index)) {
    return Value::Error(Concat("unsupported index type '", TypeOf(key)->ToString(), "' in list"));
  }
  const List& list = target.GetList();
  if (index < 0 || static_cast<size_t>(index) >= list.Size()) {
    return Value::Error(Concat("index out of bounds: ", index));
  }
  return list.At(static_cast<size_t>(index));
}

// Whether there is such an element, or none could be of that kind.
bool IsMissing(const Value& target, const Value& key) {
  if (target.Is(Kind::kMap)) return !target.GetMap().Find(key);
  int64_t index = 0;
  return target.Is(Kind::kList) && ReadIndex(key, index) &&
         (index < 0 || static_cast<size_t>(index) >= target.GetList().Size());
}

Value Index(const Call& call) {
  const bool wanted = call.name == "_[_]" && !call[0].Is(Kind::kOptional);
  if (wanted) return ElementOf(call[0], call[1]);
  const Value* target = call[0].Is(Kind::kOptional) ? call[0].GetOptional() : &call[0];
  if (target == nullptr || IsMissing(*target, call[1])) return Value::None();
  Value element = ElementOf(*target, call[1]);
  return element.IsError() || element.Is(Kind::kOptional) ? element
                                                          : Value::Some(std::move(element));
}

}  // namespace

std::span<const NamedFunction> OperatorFunctions() {
  static constexpr NamedFunction kFunctions[] = {
      {"!_", Not},        {"-_", Negate},  {"_+_", Add},    {"_-_", Subtract},
      {"_*_", Multiply},  {"_/_", Divide}, {"_%_", Divide}, {"_==_", AreEqual},
      {"_!=_", AreEqual}, {"_<_", Less},   {"_<=_", Less},  {"_>_", Less},
      {"_>=_", Less},     {"@in", In},     {"_[_]", Index}, {"_[?_]", Index}};
  return kFunctions;
}

}  // namespace kvplane::cel
