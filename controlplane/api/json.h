// JSON documents: objects of the API are Boost.JSON values, read and written as Kubernetes does.
//
// Text is written as Go's encoder writes it: no blanks, <, > and & escaped, doubles in the shortest
// form that reads back. Members keep their order.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Value pod, ParseJson(body));
//   std::string text = ToJson(pod);
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvplane::api {

namespace json {
using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using Kind = boost::json::kind;

// Boost's string_view is a type of its own.
inline std::string_view View(boost::json::string_view text) { return {text.data(), text.size()}; }
inline std::string_view View(const boost::json::string& text) { return {text.data(), text.size()}; }
inline boost::json::string_view ToBoost(std::string_view text) {
  return {text.data(), text.size()};
}
// Null where the member is missing.
inline const Value* Find(const Object& object, std::string_view name) {
  return object.if_contains(ToBoost(name));
}
inline Value* Find(Object& object, std::string_view name) {
  return object.if_contains(ToBoost(name));
}
// The member, null where it was missing. Unlike operator[], which makes room before it looks, this
// moves nothing where it is there: pointers to the other members stay good.
inline Value& Member(Object& object, std::string_view name) {
  Value* const found = Find(object, name);
  return found != nullptr ? *found : object[ToBoost(name)];
}
// Puts the members in the order of their names, as Go writes maps.
void SortMembers(Object& object);
}  // namespace json

// How deep documents, JSON or protobuf, may be nested.
inline constexpr size_t kMaxDepth = 256;

// One document and nothing behind it. INVALID_ARGUMENT names the byte.
absl::StatusOr<json::Value> ParseJson(std::string_view text);

std::string ToJson(const json::Value& value);
void AppendJson(std::string& out, const json::Value& value);
void AppendJsonString(std::string& out, std::string_view text);
void AppendJsonNumber(std::string& out, double number);

}  // namespace kvplane::api
