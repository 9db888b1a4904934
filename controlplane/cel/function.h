// Function: what expressions may call: which types it takes, and what it does with values.
//
// What the checker does not know the type of is found out by the function itself, which answers
// "no such overload" where it does not take it.
//
// Thread safety: immutable; a Call is one thread's.
//
//   const FunctionDefinition* size = FindFunction("size");
//   size->overloads[0].result->ToString() == "int";
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/budget.h"
#include "cel/type.h"
#include "cel/value.h"

namespace kvplane::cel {

struct Call {
  std::string_view name;
  std::span<const Value> arguments;  // the target first, where it is a member
  Budget& budget;
  const void* prepared = nullptr;  // the pattern, where it was known beforehand

  size_t size() const { return arguments.size(); }
  const Value& operator[](size_t index) const { return arguments[index]; }
  // Whether the arguments, all of them, are of these types.
  bool Are(std::initializer_list<Value::Kind> kinds) const;
};
using Function = Value (*)(const Call&);

struct Overload {
  bool member = false;
  std::vector<TypePtr> parameters;
  TypePtr result;
};

struct FunctionDefinition {
  std::string name;
  std::vector<Overload> overloads;
  Function function = nullptr;
};

// Null where there is none of that name.
const FunctionDefinition* FindFunction(std::string_view name);

Value NoSuchOverload();

// The functions of a library, by their names.
struct NamedFunction {
  std::string_view name;
  Function function;
};
std::span<const NamedFunction> OperatorFunctions();
std::span<const NamedFunction> ConversionFunctions();
std::span<const NamedFunction> TimeFunctions();
std::span<const NamedFunction> TextFunctions();
std::span<const NamedFunction> FormatFunctions();
std::span<const NamedFunction> ListFunctions();
std::span<const NamedFunction> OptionalFunctions();
std::span<const NamedFunction> QuantityFunctions();
std::span<const NamedFunction> NetworkFunctions();
std::span<const NamedFunction> SemverFunctions();
std::span<const NamedFunction> NameFormatFunctions();
std::span<const NamedFunction> AuthorizerFunctions();

}  // namespace kvplane::cel
