#include "api/json_patch.h"

#include <optional>
#include <utility>

#include "api/json_equal.h"
#include "api/json_pointer.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

absl::Status Missing(std::string_view operation, std::string_view path) {
  return absl::FailedPreconditionError(Concat(
      operation, " operation does not apply: doc is missing path: ", path, ": missing value"));
}

json::Value* Step(json::Value& value, const std::string& token) {
  if (value.is_object()) return json::Find(value.get_object(), token);
  if (!value.is_array()) return nullptr;
  const auto index = ArrayIndex(token, value.get_array().size());
  return index ? &value.get_array()[*index] : nullptr;
}

// The value that the pointer's first `steps` tokens name, or null.
json::Value* Walk(json::Value& document, const JsonPointer& pointer, size_t steps) {
  json::Value* value = &document;
  for (size_t i = 0; i < steps && value != nullptr; ++i) value = Step(*value, pointer[i]);
  return value;
}

bool Add(json::Value& document, const JsonPointer& pointer, json::Value value) {
  if (pointer.empty()) {
    document = std::move(value);
    return true;
  }
  json::Value* parent = Walk(document, pointer, pointer.size() - 1);
  if (parent == nullptr) return false;
  if (parent->is_object()) {
    parent->get_object().insert_or_assign(json::ToBoost(pointer.back()), std::move(value));
    return true;
  }
  if (!parent->is_array()) return false;
  json::Array& array = parent->get_array();
  // One behind the last is a place, too.
  const auto index = pointer.back() == "-" ? std::optional(array.size())
                                           : ArrayIndex(pointer.back(), array.size() + 1);
  if (!index) return false;
  array.insert(array.begin() + *index, std::move(value));
  return true;
}

bool Remove(json::Value& document, const JsonPointer& pointer) {
  if (pointer.empty()) {
    document = nullptr;
    return true;
  }
  json::Value* parent = Walk(document, pointer, pointer.size() - 1);
  if (parent == nullptr) return false;
  if (parent->is_object()) {
    // Not erase, which would put the last member in the gap.
    json::Object& object = parent->get_object();
    const auto found = object.find(json::ToBoost(pointer.back()));
    if (found == object.end()) return false;
    object.stable_erase(found);
    return true;
  }
  if (!parent->is_array()) return false;
  const auto index = ArrayIndex(pointer.back(), parent->get_array().size());
  if (!index) return false;
  parent->get_array().erase(parent->get_array().begin() + *index);
  return true;
}

bool IsPrefix(const JsonPointer& prefix, const JsonPointer& pointer) {
  return prefix.size() < pointer.size() &&
         std::equal(prefix.begin(), prefix.end(), pointer.begin());
}

struct Operation {
  std::string_view name;
  std::string_view path;
  JsonPointer pointer;
  std::string_view from;
  JsonPointer from_pointer;
  const json::Value* value = nullptr;
};

absl::StatusOr<Operation> ReadOperation(const json::Value& element) {
  if (!element.is_object())
    return absl::InvalidArgumentError("a patch operation must be an object");
  const json::Object& object = element.get_object();
  const auto text = [&object](std::string_view name) -> std::optional<std::string_view> {
    const json::Value* member = json::Find(object, name);
    if (member == nullptr || !member->is_string()) return std::nullopt;
    return json::View(member->get_string());
  };
  Operation operation;
  const auto name = text("op");
  const auto path = text("path");
  if (!name) return absl::InvalidArgumentError("a patch operation must have an op");
  if (!path) return absl::InvalidArgumentError(Concat(*name, " operation must have a path"));
  operation.name = *name;
  operation.path = *path;
  ASSIGN_OR_RETURN(operation.pointer, ParseJsonPointer(*path));
  operation.value = json::Find(object, "value");
  if (*name == "move" || *name == "copy") {
    const auto from = text("from");
    if (!from) return absl::InvalidArgumentError(Concat(*name, " operation must have a from"));
    operation.from = *from;
    ASSIGN_OR_RETURN(operation.from_pointer, ParseJsonPointer(*from));
  }
  return operation;
}

absl::Status Transfer(json::Value& document, const Operation& operation) {
  const json::Value* from = Walk(document, operation.from_pointer, operation.from_pointer.size());
  if (from == nullptr) return Missing(operation.name, operation.from);
  json::Value value = *from;
  if (operation.name == "move") {
    if (IsPrefix(operation.from_pointer, operation.pointer)) {
      return absl::InvalidArgumentError("move operation would move a value into itself");
    }
    Remove(document, operation.from_pointer);
  }
  if (!Add(document, operation.pointer, std::move(value))) {
    return Missing(operation.name, operation.path);
  }
  return absl::OkStatus();
}

absl::Status Test(json::Value& document, const Operation& operation) {
  const json::Value* found = Walk(document, operation.pointer, operation.pointer.size());
  static const json::Value null;
  const json::Value& wanted = operation.value != nullptr ? *operation.value : null;
  // What is missing passes for null.
  if (found == nullptr && !wanted.is_null()) return Missing(operation.name, operation.path);
  if (JsonEqual(found != nullptr ? *found : null, wanted)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Concat("testing value ", operation.path, " failed: test failed"));
}

absl::Status Apply(json::Value& document, const Operation& operation) {
  const std::string_view name = operation.name;
  if (name == "move" || name == "copy") return Transfer(document, operation);
  if (name == "test") return Test(document, operation);
  if (name == "remove") {
    return Remove(document, operation.pointer) ? absl::OkStatus() : Missing(name, operation.path);
  }
  if (name != "add" && name != "replace") {
    return absl::InvalidArgumentError(Concat("Unexpected kind: ", name));
  }
  const json::Value value = operation.value != nullptr ? *operation.value : json::Value();
  if (name == "add") {
    return Add(document, operation.pointer, value) ? absl::OkStatus()
                                                   : Missing(name, operation.path);
  }
  json::Value* found = Walk(document, operation.pointer, operation.pointer.size());
  if (found == nullptr) return Missing(name, operation.path);
  *found = value;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<json::Value> ApplyJsonPatch(json::Value document, const json::Value& patch) {
  if (!patch.is_array()) return absl::InvalidArgumentError("a JSON patch must be a list");
  if (patch.get_array().size() > kMaxJsonPatchOperations) {
    return absl::InvalidArgumentError(Concat("The allowed maximum operations in a JSON patch is ",
                                             kMaxJsonPatchOperations, ", got ",
                                             patch.get_array().size()));
  }
  for (const json::Value& element : patch.get_array()) {
    ASSIGN_OR_RETURN(const Operation operation, ReadOperation(element));
    RETURN_IF_ERROR(Apply(document, operation));
  }
  return document;
}

}  // namespace kvplane::api
