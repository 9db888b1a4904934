// Kubernetes' quantities: quantity("1.5Gi").isGreaterThan(quantity("1G")).
#include <cmath>
#include <limits>
#include <memory>

#include "api/quantity.h"
#include "base/strings.h"
#include "cel/function.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::FromAbsl;

class QuantityValue : public Opaque {
 public:
  explicit QuantityValue(api::Quantity amount) : amount(amount) {}
  std::string_view TypeName() const override { return "kubernetes.Quantity"; }
  bool Equals(const Opaque& other) const override {
    const auto* quantity = dynamic_cast<const QuantityValue*>(&other);
    return quantity != nullptr && quantity->amount == amount;
  }

  const api::Quantity amount;
};

Value Make(api::Quantity amount) {
  return Value::OpaqueOf(std::make_shared<const QuantityValue>(amount));
}

Value Parse(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  const auto amount = api::Quantity::Parse(call[0].GetString());
  if (!amount.ok()) return Value::Error(std::string(FromAbsl(amount.status().message())));
  return Make(*amount);
}

Value Is(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  return Value::Bool(api::Quantity::Parse(call[0].GetString()).ok());
}

bool IsWhole(const api::Quantity& amount) {
  const int64_t units = amount.Value();
  const bool capped =
      units == std::numeric_limits<int64_t>::max() || units == std::numeric_limits<int64_t>::min();
  return !capped && api::Quantity(units) == amount;
}

Value Ask(const Call& call) {
  const auto* quantity = call[0].GetOpaqueAs<QuantityValue>();
  if (quantity == nullptr) return NoSuchOverload();
  const api::Quantity& amount = quantity->amount;
  if (call.name == "sign") return Value::Int(amount.Sign());
  if (call.name == "isInteger") return Value::Bool(IsWhole(amount));
  if (call.name == "asApproximateFloat") return Value::Double(amount.ToDouble());
  if (!IsWhole(amount)) return Value::Error("cannot convert value to integer");
  return Value::Int(amount.Value());
}

// add and sub.
Value Change(const Call& call) {
  const auto* quantity = call[0].GetOpaqueAs<QuantityValue>();
  if (quantity == nullptr) return NoSuchOverload();
  api::Quantity other;
  if (call[1].Is(Kind::kInt)) {
    other = api::Quantity(call[1].GetInt());
  } else if (const auto* given = call[1].GetOpaqueAs<QuantityValue>()) {
    other = given->amount;
  } else {
    return NoSuchOverload();
  }
  api::Quantity out = quantity->amount;
  if (call.name == "add") {
    out += other;
  } else {
    out -= other;
  }
  return Make(out);
}

}  // namespace

// Of two quantities: below zero, zero, above; none where they are no quantities.
std::optional<int> CompareQuantities(const Value& a, const Value& b) {
  const auto* first = a.GetOpaqueAs<QuantityValue>();
  const auto* second = b.GetOpaqueAs<QuantityValue>();
  if (first == nullptr || second == nullptr) return std::nullopt;
  const auto order = first->amount <=> second->amount;
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::span<const NamedFunction> QuantityFunctions() {
  static constexpr NamedFunction kFunctions[] = {
      {"quantity", Parse}, {"isQuantity", Is},          {"sign", Ask},   {"isInteger", Ask},
      {"asInteger", Ask},  {"asApproximateFloat", Ask}, {"add", Change}, {"sub", Change}};
  return kFunctions;
}

}  // namespace kvplane::cel
