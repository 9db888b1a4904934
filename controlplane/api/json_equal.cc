#include "api/json_equal.h"

#include <algorithm>

namespace kvplane::api {

namespace {

bool NumbersEqual(const json::Value& a, const json::Value& b) {
  if (a.kind() == b.kind()) return a == b;
  if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
  return false;  // unsigned numbers are those that no signed one is
}

}  // namespace

bool JsonEqual(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number()) return NumbersEqual(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    const json::Array& left = a.get_array();
    const json::Array& right = b.get_array();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), JsonEqual);
  }
  if (!a.is_object()) return a == b;
  const json::Object& left = a.get_object();
  const json::Object& right = b.get_object();
  if (left.size() != right.size()) return false;
  return std::all_of(left.begin(), left.end(), [&right](const auto& member) {
    const json::Value* other = right.if_contains(member.key());
    return other != nullptr && JsonEqual(member.value(), *other);
  });
}

}  // namespace kvplane::api
