#include "api/typed_document.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "api/json_equal.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using Kind = MergeType::Kind;
using kvshim::base::Concat;

bool IsEmptyObject(const json::Value& value) {
  return value.is_object() && value.get_object().empty();
}

class FieldCollector {
 public:
  void Visit(const MergeType& type, const json::Value& value) {
    const Kind kind = type.KindOf(value);
    if (kind == Kind::kScalar || type.atomic(kind)) {
      set_.Insert(path_);
    } else if (kind == Kind::kObject && value.is_object()) {
      Members(type, value.get_object());
    } else if (kind == Kind::kList && value.is_array()) {
      Elements(type, value.get_array());
    }
  }

  FieldSet Take() { return std::move(set_); }

 private:
  void Members(const MergeType& type, const json::Object& object) {
    for (const auto& member : object) {
      const std::string_view name = json::View(member.key());
      path_.push_back(PathElement::Name(name));
      Visit(type.Member(name), member.value());
      if (member.value().is_null() || IsEmptyObject(member.value()) || !type.Declares(name)) {
        set_.Insert(path_);
      }
      path_.pop_back();
    }
  }

  // Elements of which there are several with one key are owned as one thing.
  void Elements(const MergeType& type, const json::Array& array) {
    std::map<PathElement, int> counts;
    for (const json::Value& element : array) {
      if (auto path = type.ElementPath(element); path.ok()) ++counts[*path];
    }
    for (const json::Value& element : array) {
      const auto path = type.ElementPath(element);
      if (!path.ok()) continue;
      path_.push_back(*path);
      if (counts[*path] == 1) Visit(type.Element(), element);
      set_.Insert(path_);
      path_.pop_back();
    }
  }

  FieldSet set_;
  FieldsPath path_;
};

absl::Status Prefixed(const std::string& prefix, const absl::Status& status) {
  return absl::InvalidArgumentError(Concat(prefix, kvshim::base::FromAbsl(status.message())));
}

absl::Status Check(const MergeType& type, const json::Value& value, const std::string& path);

absl::Status CheckElements(const MergeType& type, const json::Array& array,
                           const std::string& path) {
  const bool atomic = type.atomic(Kind::kList);
  std::map<PathElement, int> counts;
  for (size_t i = 0; i < array.size(); ++i) {
    std::string step = Concat("[", i, "]");
    if (!atomic) {
      const auto element = type.ElementPath(array[i]);
      if (!element.ok()) return Prefixed(Concat(path, ": element ", i, ": "), element.status());
      step = element->ToString();
      if (++counts[*element] > 1) {
        return absl::InvalidArgumentError(Concat(path, ": duplicate entries for key ", step));
      }
    }
    RETURN_IF_ERROR(Check(type.Element(), array[i], path + step));
  }
  return absl::OkStatus();
}

absl::Status Check(const MergeType& type, const json::Value& value, const std::string& path) {
  const Kind kind = type.KindOf(value);
  if (value.is_null()) return absl::OkStatus();
  if (kind == Kind::kList) {
    if (value.is_array()) return CheckElements(type, value.get_array(), path);
    return absl::InvalidArgumentError(Concat(path, ": expected list, got ", ToJson(value)));
  }
  if (kind == Kind::kScalar) {
    if (!value.is_array() && !value.is_object()) return absl::OkStatus();
    return absl::InvalidArgumentError(Concat(path, ": expected any scalar, got ", ToJson(value)));
  }
  if (!value.is_object()) {
    return absl::InvalidArgumentError(Concat(path, ": expected map, got ", ToJson(value)));
  }
  for (const auto& member : value.get_object()) {
    const std::string_view name = json::View(member.key());
    const std::string where = Concat(path, ".", name);
    if (!type.MayHave(name)) {
      return absl::InvalidArgumentError(Concat(where, ": field not declared in schema"));
    }
    RETURN_IF_ERROR(Check(type.Member(name), member.value(), where));
  }
  return absl::OkStatus();
}

json::Value RemoveFromList(const MergeType& type, const json::Array& array,
                           const FieldSet& fields) {
  json::Array kept;
  for (const json::Value& element : array) {
    const auto path = type.ElementPath(element);
    if (!path.ok()) {
      kept.push_back(element);
      continue;
    }
    if (fields.Has(*path)) continue;
    const FieldSet* below = fields.Below(*path);
    kept.push_back(below == nullptr ? element : RemoveFields(type.Element(), element, *below));
  }
  if (kept.empty()) return nullptr;
  return kept;
}

}  // namespace

absl::Status CheckTyped(const MergeType& type, const json::Value& document) {
  return Check(type, document, "");
}

FieldSet FieldsOf(const MergeType& type, const json::Value& document) {
  FieldCollector collector;
  collector.Visit(type, document);
  return collector.Take();
}

json::Value RemoveFields(const MergeType& type, const json::Value& document,
                         const FieldSet& fields) {
  const Kind kind = type.KindOf(document);
  if (kind == Kind::kScalar) return document;
  if (type.atomic(kind)) return nullptr;
  if (kind == Kind::kList) {
    return document.is_array() ? RemoveFromList(type, document.get_array(), fields) : nullptr;
  }
  if (!document.is_object()) return nullptr;
  json::Object kept;
  for (const auto& member : document.get_object()) {
    const std::string_view name = json::View(member.key());
    const PathElement element = PathElement::Name(name);
    if (fields.Has(element)) continue;
    const FieldSet* below = fields.Below(element);
    kept.emplace(member.key(), below == nullptr
                                   ? member.value()
                                   : RemoveFields(type.Member(name), member.value(), *below));
  }
  if (kept.empty()) return nullptr;
  return kept;
}

FieldSet WithDeclaredParents(const MergeType& type, const FieldSet& fields) {
  FieldSet result;
  for (const FieldSet::Node& node : fields.nodes()) {
    const bool named = node.element.kind() == PathElement::Kind::kName;
    const bool declared = named && !node.below.empty() && type.Declares(node.element.name());
    const MergeType below = named ? type.Member(node.element.name()) : type.Element();
    result.Append({node.element, node.member || declared, WithDeclaredParents(below, node.below)});
  }
  return result;
}

}  // namespace kvplane::api
