#include "api/strategic_merge_patch.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "api/element_order.h"
#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kSetElementOrder = "$setElementOrder/";

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(kvshim::base::ToAbsl(why));
}

absl::Status NoMergeKey(const json::Value& element, std::string_view key) {
  return Invalid(Concat("map: ", ToJson(element), " does not contain declared merge key: ", key));
}

std::optional<std::string_view> DirectiveOf(const json::Object& object) {
  const json::Value* directive = json::Find(object, kDirective);
  if (directive == nullptr) return std::nullopt;
  return directive->is_string() ? json::View(directive->get_string()) : std::string_view("?");
}

std::optional<std::string_view> DirectiveOf(const json::Value& value) {
  return value.is_object() ? DirectiveOf(value.get_object()) : std::nullopt;
}

bool IsDirective(std::string_view key) {
  return key == kRetainKeys || key.starts_with(kDeleteFromList) ||
         key.starts_with(kSetElementOrder);
}

// The value as it goes where nothing was: without nulls, directives, and what bears one.
std::optional<json::Value> Fresh(const json::Value& value, bool keep_nulls = false) {
  if (DirectiveOf(value)) return std::nullopt;
  if (value.is_object()) {
    json::Object object;
    for (const auto& member : value.get_object()) {
      if (member.value().is_null() && !keep_nulls) continue;
      if (IsDirective(json::View(member.key()))) continue;
      if (auto kept = Fresh(member.value(), keep_nulls))
        object.emplace(member.key(), *std::move(kept));
    }
    return object;
  }
  if (value.is_array()) {
    json::Array array;
    for (const json::Value& element : value.get_array()) {
      if (auto kept = Fresh(element, keep_nulls)) array.push_back(*std::move(kept));
    }
    return array;
  }
  return value;
}

void Assign(json::Object& object, std::string_view name, const json::Value& value) {
  if (auto fresh = Fresh(value)) {
    object.insert_or_assign(json::ToBoost(name), *std::move(fresh));
  } else if (const auto found = object.find(json::ToBoost(name)); found != object.end()) {
    object.stable_erase(found);
  }
}

class Merger {
 public:
  absl::Status MergeObject(json::Object& original, const json::Object& patch,
                           const Message* message);

 private:
  absl::Status RetainKeys(json::Object& original, const json::Object& patch);
  absl::Status OrderedList(json::Object& original, const json::Object& patch, std::string_view name,
                           const json::Value& order, const Field* field);
  absl::Status MergeMember(json::Object& original, std::string_view name, const json::Value& value,
                           const Field* field);
  absl::Status MergeList(json::Array& original, const json::Array& patch, const Field& field);
  absl::Status MergeObjects(json::Array& original, const json::Array& patch, const Field& field);
  absl::Status DeleteFromList(json::Object& original, std::string_view name,
                              const json::Value& value);
};

const Field* FieldOf(const Message* message, std::string_view name) {
  const int slot = message == nullptr ? Message::kNotFound : message->Find(name);
  return slot == Message::kNotFound ? nullptr : message->slots[static_cast<size_t>(slot)];
}

absl::Status Merger::MergeObject(json::Object& original, const json::Object& patch,
                                 const Message* message) {
  if (const auto directive = DirectiveOf(patch)) {
    if (*directive != "replace" && *directive != "delete") {
      return Invalid(Concat("unknown patch type: '", *directive, "'"));
    }
    original.clear();
    if (*directive == "delete") return absl::OkStatus();
    for (const auto& member : patch) {
      if (json::View(member.key()) != kDirective) original.emplace(member.key(), member.value());
    }
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(RetainKeys(original, patch));
  absl::flat_hash_set<std::string> ordered;
  for (const auto& member : patch) {
    const std::string_view key = json::View(member.key());
    if (!key.starts_with(kSetElementOrder)) continue;
    const std::string_view name = key.substr(kSetElementOrder.size());
    RETURN_IF_ERROR(OrderedList(original, patch, name, member.value(), FieldOf(message, name)));
    ordered.insert(std::string(name));
  }
  for (const auto& member : patch) {
    const std::string_view key = json::View(member.key());
    if (key.starts_with(kDeleteFromList)) {
      RETURN_IF_ERROR(DeleteFromList(original, key.substr(kDeleteFromList.size()), member.value()));
    } else if (!IsDirective(key) && !ordered.contains(std::string(key))) {
      RETURN_IF_ERROR(MergeMember(original, key, member.value(), FieldOf(message, key)));
    }
  }
  return absl::OkStatus();
}

absl::Status Merger::RetainKeys(json::Object& original, const json::Object& patch) {
  const json::Value* retained = json::Find(patch, kRetainKeys);
  if (retained == nullptr) return absl::OkStatus();
  const auto invalid = [] { return Invalid("invalid patch format of $retainKeys"); };
  if (!retained->is_array()) return invalid();
  absl::flat_hash_set<std::string> names;
  for (const json::Value& name : retained->get_array()) {
    if (!name.is_string()) return invalid();
    names.insert(std::string(json::View(name.get_string())));
  }
  for (const auto& member : patch) {
    const std::string_view key = json::View(member.key());
    if (member.value().is_null() || IsDirective(key)) continue;
    if (!names.contains(std::string(key))) return invalid();
  }
  for (auto member = original.begin(); member != original.end();) {
    const bool kept = names.contains(std::string(json::View(member->key())));
    member = kept ? member + 1 : original.stable_erase(member);
  }
  return absl::OkStatus();
}

// The order in which Kubernetes takes the server's list to have been, once the patch is merged. It
// merges in place, and what a deletion frees at the list's end is filled by what the patch adds: so
// an element that takes the place of a deleted one counts as if it had stood there.
json::Array LiveOrder(json::Array live, const json::Array& patch, std::string_view key) {
  size_t used = live.size();
  const auto find = [&live, &used, key](const json::Value& element) {
    const int at = FindElement(live, element, key);
    return at < static_cast<int>(used) ? at : -1;
  };
  bool replaced = false;
  for (const json::Value& element : patch) {
    const auto directive = DirectiveOf(element);
    replaced = replaced || directive == "replace";
    if (directive != "delete") continue;
    for (int at; (at = find(element)) >= 0; --used) {
      for (auto i = static_cast<size_t>(at); i + 1 < used; ++i) live[i] = live[i + 1];
    }
  }
  for (const json::Value& element : patch) {
    if (replaced || DirectiveOf(element) || find(element) >= 0) continue;
    if (used == live.size()) break;
    live[used++] = element;
  }
  return live;
}

// The list under `name`, and the order that the patch wants for it.
absl::Status Merger::OrderedList(json::Object& original, const json::Object& patch,
                                 std::string_view name, const json::Value& order,
                                 const Field* field) {
  static const json::Array none;
  const json::Value* patched = json::Find(patch, name);
  json::Value* found = json::Find(original, name);
  if (!order.is_array() || (patched != nullptr && !patched->is_array()) ||
      (found != nullptr && !found->is_array())) {
    return Invalid(Concat("invalid patch format of $setElementOrder list: ", name));
  }
  if (patched == nullptr && found == nullptr) return absl::OkStatus();
  const std::string_view key = field != nullptr ? field->patch_merge_key : std::string_view();
  // What the patch holds must stand in the order, and in it.
  const json::Array& elements = patched != nullptr ? patched->get_array() : none;
  int before = -1;
  for (const json::Value& element : elements) {
    if (DirectiveOf(element) || order.get_array().empty()) continue;
    const int place = FindElement(order.get_array(), element, key);
    if (place < before || place == -1) {
      return Invalid(Concat("The order in patch list:\n", ToJson(*patched), "\n doesn't match ",
                            "$setElementOrder list:\n", ToJson(order), "\n"));
    }
    before = place;
  }
  const json::Array live = LiveOrder(found != nullptr ? found->get_array() : none, elements, key);
  if (found == nullptr) {
    original.insert_or_assign(json::ToBoost(name), *Fresh(*patched, true));
  } else if (patched != nullptr) {
    RETURN_IF_ERROR(MergeMember(original, name, *patched, field));
  }
  json::Value* merged = json::Find(original, name);
  if (merged == nullptr || !merged->is_array()) return absl::OkStatus();
  merged->get_array() =
      ArrangeElements(std::move(merged->get_array()), order.get_array(), live, key);
  return absl::OkStatus();
}

absl::Status Merger::MergeMember(json::Object& original, std::string_view name,
                                 const json::Value& value, const Field* field) {
  const auto found = original.find(json::ToBoost(name));
  if (value.is_null()) {
    if (found != original.end()) original.stable_erase(found);
    return absl::OkStatus();
  }
  const bool replaced = field != nullptr && field->patch_replace;
  if (found == original.end() || found->value().kind() != value.kind() || replaced) {
    Assign(original, name, value);
    return absl::OkStatus();
  }
  if (value.is_object()) {
    // A map has no schema of its own, but its elements may.
    const Message* message =
        field != nullptr && field->shape == Shape::kSingle ? field->message : nullptr;
    return MergeObject(found->value().get_object(), value.get_object(), message);
  }
  if (!value.is_array()) {
    found->value() = value;
    return absl::OkStatus();
  }
  if (field != nullptr && field->patch_merge) {
    return MergeList(found->value().get_array(), value.get_array(), *field);
  }
  found->value() = value;
  return absl::OkStatus();
}

absl::Status Merger::MergeList(json::Array& original, const json::Array& patch,
                               const Field& field) {
  if (patch.empty()) return absl::OkStatus();
  const json::Array live = original;
  if (field.type == Type::kMessage) {
    if (field.patch_merge_key.empty()) {
      return Invalid(Concat("cannot merge lists without merge key for ", field.name));
    }
    RETURN_IF_ERROR(MergeObjects(original, patch, field));
  } else {
    for (const json::Value& element : patch) {
      if (FindElement(original, element, {}) < 0) original.push_back(element);
    }
  }
  original = ArrangeElements(std::move(original), patch, live, field.patch_merge_key);
  return absl::OkStatus();
}

absl::Status Merger::MergeObjects(json::Array& original, const json::Array& patch,
                                  const Field& field) {
  const std::string_view key = field.patch_merge_key;
  bool replace = false;
  for (const json::Value& element : patch) {
    const auto directive = DirectiveOf(element);
    if (!directive) continue;
    if (*directive == "replace") {
      replace = true;
    } else if (*directive != "delete") {
      return Invalid(Concat("unknown patch type: '", *directive, "'"));
    } else if (json::Find(element.get_object(), key) == nullptr) {
      return NoMergeKey(element, key);
    }
    if (*directive != "delete") continue;
    for (int at; (at = FindElement(original, element, key)) >= 0;) {
      original.erase(original.begin() + at);
    }
  }
  if (replace) original.clear();
  for (const json::Value& element : patch) {
    if (DirectiveOf(element)) continue;
    if (!element.is_object() || json::Find(element.get_object(), key) == nullptr) {
      return NoMergeKey(element, key);
    }
    const int at = FindElement(original, element, key);
    if (at < 0) {
      // As it is: Kubernetes does not look for directives in elements that it adds.
      original.push_back(element);
      continue;
    }
    RETURN_IF_ERROR(MergeObject(original[static_cast<size_t>(at)].get_object(),
                                element.get_object(), field.message));
  }
  return absl::OkStatus();
}

absl::Status Merger::DeleteFromList(json::Object& original, std::string_view name,
                                    const json::Value& value) {
  json::Value* found = json::Find(original, name);
  if (!value.is_array()) {
    return Invalid(Concat("invalid patch format of primitive list: ", name));
  }
  if (found == nullptr || !found->is_array()) return absl::OkStatus();
  json::Array& list = found->get_array();
  for (const json::Value& element : value.get_array()) {
    for (int at; (at = FindElement(list, element, {})) >= 0;) list.erase(list.begin() + at);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<json::Value> StrategicMergePatch(const Message& message, json::Value document,
                                                const json::Value& patch) {
  if (!document.is_object() || !patch.is_object()) {
    return Invalid("a strategic merge patch must be an object");
  }
  RETURN_IF_ERROR(Merger().MergeObject(document.get_object(), patch.get_object(), &message));
  return document;
}

}  // namespace kvplane::api
