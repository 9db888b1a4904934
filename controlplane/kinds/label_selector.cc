#include "kinds/label_selector.h"

#include <algorithm>

#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

bool Holds(const json::Object& requirement, const json::Object* labels) {
  const std::string_view op = Text(requirement, {"operator"});
  const json::Value* value =
      labels == nullptr ? nullptr : json::Find(*labels, Text(requirement, {"key"}));
  const json::Array* values = FindArray(requirement, {"values"});
  const bool listed = value != nullptr && values != nullptr &&
                      std::find(values->begin(), values->end(), *value) != values->end();
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return value != nullptr;
  return op == "DoesNotExist" && value == nullptr;
}

}  // namespace

bool Selects(const json::Object& selector, const json::Object* labels) {
  if (const json::Object* wanted = FindObject(selector, {"matchLabels"})) {
    for (const auto& one : *wanted) {
      const json::Value* value =
          labels == nullptr ? nullptr : json::Find(*labels, json::View(one.key()));
      if (value == nullptr || *value != one.value()) return false;
    }
  }
  bool all = true;
  ForEach(selector, {"matchExpressions"},
          [&](const json::Object& one) { all &= Holds(one, labels); });
  return all;
}

}  // namespace kvplane::kinds
