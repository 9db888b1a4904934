// What is asked of lists, and of lists as sets.
#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "cel/function.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

// The elements; none, and the error, where they are not to be had.
std::optional<std::vector<Value>> ElementsOf(const Call& call, Value& error) {
  if (!call[0].Is(Kind::kList)) {
    error = NoSuchOverload();
    return std::nullopt;
  }
  const List& list = call[0].GetList();
  if (!call.budget.Charge(static_cast<int64_t>(list.Size()))) return std::nullopt;
  std::vector<Value> out;
  out.reserve(list.Size());
  for (size_t i = 0; i < list.Size(); ++i) {
    out.push_back(list.At(i));
    if (!out.back().IsError()) continue;
    error = out.back();
    return std::nullopt;
  }
  return out;
}

bool AreComparable(const std::vector<Value>& elements, Budget& budget) {
  return std::all_of(elements.begin(), elements.end(), [&](const Value& one) {
    return one.kind() == elements[0].kind() && Compare(elements[0], one, budget);
  });
}

Value IsSorted(const Call& call) {
  Value error;
  const auto elements = ElementsOf(call, error);
  if (!elements) return error;
  for (size_t i = 1; i < elements->size(); ++i) {
    const auto order = Compare((*elements)[i - 1], (*elements)[i], call.budget);
    if (!order) return NoSuchOverload();
    if (order->sign > 0) return Value::Bool(false);
  }
  return Value::Bool(true);
}

Value Sum(const Call& call) {
  Value error;
  const auto elements = ElementsOf(call, error);
  if (!elements) return error;
  static const FunctionDefinition& add = *FindFunction("_+_");
  if (elements->empty()) return Value::Int(0);
  Value sum = (*elements)[0];
  if (!sum.IsNumber() && !sum.Is(Kind::kDuration))
    return Value::Error("no such overload: sum(list)");
  for (size_t i = 1; i < elements->size(); ++i) {
    const Value both[] = {sum, (*elements)[i]};
    sum = add.function({"_+_", both, call.budget});
    if (sum.IsError()) return sum;
  }
  return sum;
}

// min and max.
Value Extreme(const Call& call) {
  Value error;
  const auto elements = ElementsOf(call, error);
  if (!elements) return error;
  if (elements->empty()) return Value::Error(Concat(call.name, " called on empty list"));
  if (!AreComparable(*elements, call.budget)) return NoSuchOverload();
  const int wanted = call.name == "max" ? 1 : -1;
  const Value* best = &elements->front();
  for (const Value& one : *elements) {
    if (Compare(one, *best, call.budget)->sign == wanted) best = &one;
  }
  return *best;
}

Value Sort(const Call& call) {
  Value error;
  auto elements = ElementsOf(call, error);
  if (!elements) return error;
  if (!AreComparable(*elements, call.budget))
    return Value::Error("list elements must have the same type");
  std::stable_sort(elements->begin(), elements->end(), [&](const Value& a, const Value& b) {
    return Compare(a, b, call.budget)->sign < 0;
  });
  return Value::ListOf(*std::move(elements));
}

Value Reverse(const Call& call) {
  Value error;
  auto elements = ElementsOf(call, error);
  if (!elements) return error;
  std::reverse(elements->begin(), elements->end());
  return Value::ListOf(*std::move(elements));
}

Value Distinct(const Call& call) {
  Value error;
  const auto elements = ElementsOf(call, error);
  if (!elements) return error;
  std::vector<Value> out;
  for (const Value& one : *elements) {
    if (call.budget.exhausted()) return {};
    const bool there = std::any_of(
        out.begin(), out.end(), [&](const Value& other) { return Equal(one, other, call.budget); });
    if (!there) out.push_back(one);
  }
  return Value::ListOf(std::move(out));
}

bool FlattenInto(const List& list, int64_t levels, Budget& budget, std::vector<Value>& out) {
  for (size_t i = 0; i < list.Size(); ++i) {
    if (!budget.Charge()) return false;
    Value element = list.At(i);
    if (levels > 0 && element.Is(Kind::kList)) {
      if (!FlattenInto(element.GetList(), levels - 1, budget, out)) return false;
    } else {
      out.push_back(std::move(element));
    }
  }
  return true;
}

Value Flatten(const Call& call) {
  if (!call[0].Is(Kind::kList) || (call.size() == 2 && !call[1].Is(Kind::kInt))) {
    return NoSuchOverload();
  }
  const int64_t levels = call.size() == 2 ? call[1].GetInt() : 1;
  if (levels < 0) return Value::Error("level must be non-negative");
  std::vector<Value> out;
  FlattenInto(call[0].GetList(), levels, call.budget, out);
  return Value::ListOf(std::move(out));
}

Value Slice(const Call& call) {
  if (!call.Are({Kind::kList, Kind::kInt, Kind::kInt})) return NoSuchOverload();
  const List& list = call[0].GetList();
  const int64_t begin = call[1].GetInt();
  const int64_t end = call[2].GetInt();
  const std::string asked = Concat("cannot slice(", begin, ", ", end, "), ");
  if (begin < 0 || end < 0) return Value::Error(asked + "negative indexes not supported");
  if (begin > end) {
    return Value::Error(asked + "start index must be less than or equal to end index");
  }
  if (end > static_cast<int64_t>(list.Size())) {
    return Value::Error(Concat(asked, "list is length ", list.Size()));
  }
  if (!call.budget.Charge(end - begin)) return {};
  std::vector<Value> out;
  for (int64_t i = begin; i < end; ++i) out.push_back(list.At(static_cast<size_t>(i)));
  return Value::ListOf(std::move(out));
}

// first and last.
Value End(const Call& call) {
  if (!call[0].Is(Kind::kList)) return NoSuchOverload();
  const List& list = call[0].GetList();
  if (list.Size() == 0) return Value::None();
  return Value::Some(list.At(call.name == "first" ? 0 : list.Size() - 1));
}

Value Range(const Call& call) {
  if (!call.Are({Kind::kInt})) return NoSuchOverload();
  const int64_t count = call[0].GetInt();
  if (count > 0 && !call.budget.Charge(count)) return {};
  std::vector<Value> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(Value::Int(i));
  return Value::ListOf(std::move(out));
}

// Whether each element of the second is in the first, or, where `any` is set, at least one is.
Value Within(const List& list, const List& others, bool any, Budget& budget) {
  for (size_t i = 0; i < others.Size(); ++i) {
    const Value wanted = others.At(i);
    bool found = false;
    for (size_t j = 0; j < list.Size() && !found; ++j) {
      if (budget.exhausted()) return {};
      found = Equal(list.At(j), wanted, budget);
    }
    if (found == any) return Value::Bool(any);
  }
  return Value::Bool(!any);
}

Value CompareSets(const Call& call) {
  if (!call.Are({Kind::kList, Kind::kList})) return NoSuchOverload();
  const List& a = call[0].GetList();
  const List& b = call[1].GetList();
  if (call.name == "sets.intersects") return Within(a, b, true, call.budget);
  const Value contains = Within(a, b, false, call.budget);
  if (call.name == "sets.contains" || !contains.IsTrue()) return contains;
  return Within(b, a, false, call.budget);
}

}  // namespace

std::span<const NamedFunction> ListFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"isSorted", IsSorted},
                                                 {"sum", Sum},
                                                 {"min", Extreme},
                                                 {"max", Extreme},
                                                 {"sort", Sort},
                                                 {"reverse", Reverse},
                                                 {"distinct", Distinct},
                                                 {"flatten", Flatten},
                                                 {"slice", Slice},
                                                 {"first", End},
                                                 {"last", End},
                                                 {"lists.range", Range},
                                                 {"sets.contains", CompareSets},
                                                 {"sets.equivalent", CompareSets},
                                                 {"sets.intersects", CompareSets}};
  return kFunctions;
}

}  // namespace kvplane::cel
