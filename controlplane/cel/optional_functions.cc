// Values that may be missing.
#include "cel/function.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;

bool IsZero(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return !value.GetBool();
    case Kind::kInt:
    case Kind::kDuration:
      return value.GetInt() == 0;
    case Kind::kUint:
      return value.GetUint() == 0;
    case Kind::kDouble:
      return value.GetDouble() == 0;
    case Kind::kString:
    case Kind::kBytes:
      return value.GetString().empty();
    case Kind::kList:
      return value.GetList().Size() == 0;
    case Kind::kMap:
      return value.GetMap().Size() == 0;
    case Kind::kTimestamp:
      return value.GetTimestamp().IsZero();
    case Kind::kOptional:
      return value.GetOptional() == nullptr;
    default:
      return false;
  }
}

Value Of(const Call& call) { return Value::Some(call[0]); }
Value OfNonZero(const Call& call) { return IsZero(call[0]) ? Value::None() : Value::Some(call[0]); }
Value None(const Call& /*call*/) { return Value::None(); }

Value Held(const Call& call) {
  if (!call[0].Is(Kind::kOptional)) return NoSuchOverload();
  const Value* inner = call[0].GetOptional();
  return inner == nullptr ? Value::Error("optional.none() dereference") : *inner;
}

Value Has(const Call& call) {
  if (!call[0].Is(Kind::kOptional)) return NoSuchOverload();
  return Value::Bool(call[0].GetOptional() != nullptr);
}

Value Or(const Call& call) {
  if (!call.Are({Kind::kOptional, Kind::kOptional})) return NoSuchOverload();
  return call[call[0].GetOptional() != nullptr ? 0 : 1];
}

Value OrValue(const Call& call) {
  if (!call[0].Is(Kind::kOptional)) return NoSuchOverload();
  const Value* inner = call[0].GetOptional();
  return inner == nullptr ? call[1] : *inner;
}

// The list without what is missing.
Value Unwrap(const Call& call) {
  if (!call[0].Is(Kind::kList)) return NoSuchOverload();
  const List& list = call[0].GetList();
  if (!call.budget.Charge(static_cast<int64_t>(list.Size()))) return {};
  std::vector<Value> out;
  for (size_t i = 0; i < list.Size(); ++i) {
    const Value element = list.At(i);
    if (!element.Is(Kind::kOptional)) return NoSuchOverload();
    if (const Value* inner = element.GetOptional()) out.push_back(*inner);
  }
  return Value::ListOf(std::move(out));
}

}  // namespace

std::span<const NamedFunction> OptionalFunctions() {
  static constexpr NamedFunction kFunctions[] = {
      {"optional.of", Of},     {"optional.ofNonZeroValue", OfNonZero},
      {"optional.none", None}, {"optional.unwrap", Unwrap},
      {"unwrapOpt", Unwrap},   {"value", Held},
      {"hasValue", Has},       {"or", Or},
      {"orValue", OrValue}};
  return kFunctions;
}

}  // namespace kvplane::cel
