// Documents as values: JSON, read as a type says, or as it is where nothing is known of it.
//
// Texts of a type that stands for a time, a duration or bytes become that; numbers become what the
// type says; an object's members go by the names that expressions use for them.
//
// Thread safety: pure functions. A value points into the document, which must outlive it.
//
//   Value self = FromJson(document, type);
#pragma once

#include "absl/status/statusor.h"
#include "api/json.h"
#include "cel/type.h"
#include "cel/value.h"

namespace kvplane::cel {

Value FromJson(const api::json::Value& document, const TypePtr& type);
Value FromJson(const api::json::Object& document, const TypePtr& type);

// What a value is as JSON. INVALID_ARGUMENT for what is nothing of the kind, or where the budget is
// used up.
absl::StatusOr<api::json::Value> ToJson(const Value& value, Budget& budget);

}  // namespace kvplane::cel
