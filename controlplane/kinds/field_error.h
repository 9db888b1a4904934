// FieldError: what is wrong with a field of an object, worded as Kubernetes words it.
//
// Thread safety: values.
//
//   FieldErrors errors;
//   errors.push_back(Required("spec.selector", ""));
//   errors[0].ToString() == "spec.selector: Required value";
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"

namespace kvplane::kinds {

struct FieldError {
  std::string reason;  // "FieldValueRequired"
  std::string field;
  std::string message;  // "Required value: …"

  std::string ToString() const { return field + ": " + message; }
};
using FieldErrors = std::vector<FieldError>;

FieldError Required(std::string field, std::string_view detail);
FieldError Invalid(std::string field, const api::json::Value& value, std::string_view detail);
FieldError Forbidden(std::string field, std::string_view detail);
FieldError Duplicate(std::string field, const api::json::Value& value);
FieldError NotFound(std::string field, const api::json::Value& value);
FieldError NotSupported(std::string field, const api::json::Value& value,
                        const std::vector<std::string_view>& choices);

}  // namespace kvplane::kinds
