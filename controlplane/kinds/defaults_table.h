// The rows of the defaults, a file a group of kinds. A row sets a field of a message to JSON; what
// depends on other fields is a function, which runs before the rows of its message.
//
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "api/json.h"

namespace kvplane::kinds {

namespace json = api::json;

struct DefaultField {
  std::string_view message;  // "core.v1.Container", after "k8s.io.api."
  std::string_view field;
  std::string_view json;
};
using DefaultFunction = void (*)(json::Object& object);
struct DefaultFunctionOf {
  std::string_view message;
  DefaultFunction function;
};

std::span<const DefaultField> PodDefaultFields();
std::span<const DefaultFunctionOf> PodDefaultFunctions();
std::span<const DefaultField> WorkloadDefaultFields();
std::span<const DefaultFunctionOf> WorkloadDefaultFunctions();
std::span<const DefaultField> ClusterDefaultFields();
std::span<const DefaultFunctionOf> ClusterDefaultFunctions();

}  // namespace kvplane::kinds
