#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "api/json_equal.h"
#include "api/typed_document.h"

namespace kvplane::api {

namespace {

using Kind = MergeType::Kind;

class Comparer {
 public:
  void Visit(const MergeType& type, const json::Value* before, const json::Value* after);

  Comparison Take() { return std::move(result_); }

 private:
  void Leaf(const json::Value* before, const json::Value* after);
  void Members(const MergeType& type, const json::Value* before, const json::Value* after);
  void Elements(const MergeType& type, const json::Value* before, const json::Value* after);
  void Element(const MergeType& type, const std::vector<const json::Value*>& before,
               const std::vector<const json::Value*>& after);

  Comparison result_;
  FieldsPath path_;
};

const json::Object* ObjectOf(const json::Value* value) {
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

const json::Array* ArrayOf(const json::Value* value) {
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

bool IsBare(const json::Value* value) {
  const json::Object* object = ObjectOf(value);
  const json::Array* array = ArrayOf(value);
  return (object == nullptr || object->empty()) && (array == nullptr || array->empty());
}

void Comparer::Leaf(const json::Value* before, const json::Value* after) {
  if (before == nullptr) {
    result_.added.Insert(path_);
  } else if (after == nullptr) {
    result_.removed.Insert(path_);
  } else if (!JsonEqual(*before, *after)) {
    result_.modified.Insert(path_);
  }
}

void Comparer::Visit(const MergeType& type, const json::Value* before, const json::Value* after) {
  if (before == nullptr && after == nullptr) return;
  const Kind kind = type.KindOf(after != nullptr ? *after : *before);
  // Where nothing is known of the place, a value may have become one of another kind: that is a
  // change of the whole, and what is below the new one is new.
  if (before != nullptr && after != nullptr && type.KindOf(*before) != kind) {
    Leaf(before, after);
    if (kind == Kind::kObject && !IsBare(after)) Members(type, nullptr, after);
    return;
  }
  const bool bare = kind != Kind::kScalar && IsBare(before) && IsBare(after);
  if (kind == Kind::kScalar || type.atomic(kind) || bare) {
    Leaf(before, after);
    return;
  }
  if (kind == Kind::kObject) {
    Members(type, before, after);
  } else {
    Elements(type, before, after);
  }
  if (before == nullptr) result_.added.Insert(path_);
  if (after == nullptr) result_.removed.Insert(path_);
}

void Comparer::Members(const MergeType& type, const json::Value* before, const json::Value* after) {
  const json::Object* old_object = ObjectOf(before);
  const json::Object* new_object = ObjectOf(after);
  const auto visit = [&](std::string_view name, const json::Value* old_value,
                         const json::Value* new_value) {
    path_.push_back(PathElement::Name(name));
    Visit(type.Member(name), old_value, new_value);
    path_.pop_back();
  };
  if (old_object != nullptr) {
    for (const auto& member : *old_object) {
      const std::string_view name = json::View(member.key());
      visit(name, &member.value(), new_object == nullptr ? nullptr : json::Find(*new_object, name));
    }
  }
  if (new_object == nullptr) return;
  for (const auto& member : *new_object) {
    const std::string_view name = json::View(member.key());
    if (old_object == nullptr || json::Find(*old_object, name) == nullptr) {
      visit(name, nullptr, &member.value());
    }
  }
}

void Comparer::Elements(const MergeType& type, const json::Value* before,
                        const json::Value* after) {
  // Of both, by their keys; there may be several of one key.
  struct Sides {
    std::vector<const json::Value*> before;
    std::vector<const json::Value*> after;
  };
  std::map<PathElement, Sides> sides;
  for (const bool old : {true, false}) {
    const json::Array* array = ArrayOf(old ? before : after);
    if (array == nullptr) continue;
    for (const json::Value& element : *array) {
      const auto path = type.ElementPath(element);
      if (!path.ok()) continue;
      Sides& both = sides[*path];
      (old ? both.before : both.after).push_back(&element);
    }
  }
  for (const auto& [element, both] : sides) {
    path_.push_back(element);
    Element(type.Element(), both.before, both.after);
    path_.pop_back();
  }
}

// What there are several of is compared as a whole, and owned as a whole.
void Comparer::Element(const MergeType& type, const std::vector<const json::Value*>& before,
                       const std::vector<const json::Value*>& after) {
  const auto first = [](const auto& values) { return values.empty() ? nullptr : values.front(); };
  if (before.size() <= 1 && after.size() <= 1) {
    Visit(type, first(before), first(after));
  } else if (before.size() > 1 && after.size() > 1) {
    const bool same = std::equal(before.begin(), before.end(), after.begin(), after.end(),
                                 [](const auto* a, const auto* b) { return JsonEqual(*a, *b); });
    if (!same) result_.modified.Insert(path_);
  } else if (before.size() > 1) {
    if (!after.empty()) Visit(type, nullptr, after.front());
    result_.removed.Insert(path_);
  } else {
    if (!before.empty()) Visit(type, before.front(), nullptr);
    result_.added.Insert(path_);
  }
}

}  // namespace

Comparison CompareTyped(const MergeType& type, const json::Value& before,
                        const json::Value& after) {
  Comparer comparer;
  comparer.Visit(type, &before, &after);
  return comparer.Take();
}

}  // namespace kvplane::api
