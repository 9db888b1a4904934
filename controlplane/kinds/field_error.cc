#include "kinds/field_error.h"

#include <algorithm>
#include <utility>

#include "api/quote.h"
#include "base/strings.h"

namespace kvplane::kinds {

using kvshim::base::Concat;

namespace {

std::string WithDetail(std::string text, std::string_view detail) {
  if (!detail.empty()) text.append(": ").append(detail);
  return text;
}

// A text is shown as Go quotes it, anything else as JSON.
std::string Shown(const api::json::Value& value) {
  if (!value.is_string()) return api::ToJson(value);
  return api::Quoted(api::json::View(value.get_string()));
}

}  // namespace

FieldError Required(std::string field, std::string_view detail) {
  return {"FieldValueRequired", std::move(field), WithDetail("Required value", detail)};
}

FieldError Invalid(std::string field, const api::json::Value& value, std::string_view detail) {
  return {"FieldValueInvalid", std::move(field),
          WithDetail(Concat("Invalid value: ", Shown(value)), detail)};
}

FieldError Forbidden(std::string field, std::string_view detail) {
  return {"FieldValueForbidden", std::move(field), WithDetail("Forbidden", detail)};
}

FieldError Duplicate(std::string field, const api::json::Value& value) {
  return {"FieldValueDuplicate", std::move(field), Concat("Duplicate value: ", Shown(value))};
}

FieldError NotFound(std::string field, const api::json::Value& value) {
  return {"FieldValueNotFound", std::move(field), Concat("Not found: ", Shown(value))};
}

FieldError NotSupported(std::string field, const api::json::Value& value,
                        const std::vector<std::string_view>& choices) {
  std::vector<std::string_view> sorted = choices;
  std::sort(sorted.begin(), sorted.end());
  std::string message = Concat("Unsupported value: ", Shown(value), ": supported values: ");
  for (size_t i = 0; i < sorted.size(); ++i) {
    message.append(i == 0 ? "\"" : ", \"").append(sorted[i]).append("\"");
  }
  return {"FieldValueNotSupported", std::move(field), std::move(message)};
}

}  // namespace kvplane::kinds
