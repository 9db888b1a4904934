#include "api/structural_document.h"

#include <algorithm>
#include <utility>

#include "api/canonical.h"
#include "api/schema.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

constexpr std::string_view kObjectMeta = "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta";

// Takes out what no schema knows of, and notes where it was.
class Pruner {
 public:
  // `schema` is null where nothing is known of the value; what is unknown is kept where `keep`.
  void Visit(const StructuralSchema* schema, json::Value& value, const std::string& path,
             bool keep) {
    keep |= schema != nullptr && schema->preserves_unknown;
    if (schema == nullptr && keep) return;
    if (json::Object* object = value.if_object()) {
      Members(schema, *object, path, keep);
    } else if (json::Array* array = value.if_array()) {
      const StructuralSchema* items = schema == nullptr ? nullptr : schema->items.get();
      for (size_t i = 0; i < array->size(); ++i) {
        Visit(items, (*array)[i], Concat(path, "[", i, "]"), keep);
      }
    }
  }

  void Members(const StructuralSchema* schema, json::Object& object, const std::string& path,
               bool keep) {
    std::vector<std::string> gone;
    for (auto& member : object) {
      const std::string_view name = json::View(member.key());
      if (schema != nullptr && schema->embedded && IsObjectMember(name)) continue;
      const std::string below = path.empty() ? std::string(name) : Concat(path, ".", name);
      const bool known =
          schema != nullptr && (schema->has_additional || schema->Property(name) != nullptr);
      if (known) {
        Visit(schema->Member(name), member.value(), below, false);
      } else if (!keep) {
        gone.emplace_back(name);
        unknown_.push_back(below);
      }
    }
    for (const std::string& name : gone) object.erase(json::ToBoost(name));
  }

  std::vector<std::string> Take() {
    std::sort(unknown_.begin(), unknown_.end());
    return std::move(unknown_);
  }

 private:
  std::vector<std::string> unknown_;
};

bool MayNotBeNull(const json::Value& value, const StructuralSchema* schema) {
  return value.is_null() && schema != nullptr && !schema->nullable;
}

void DropNulls(const StructuralSchema* schema, json::Value& value) {
  if (json::Object* object = value.if_object()) {
    std::vector<std::string> gone;
    for (auto& member : *object) {
      const StructuralSchema* known =
          schema == nullptr ? nullptr : schema->Member(json::View(member.key()));
      if (MayNotBeNull(member.value(), known) && !known->default_value.has_value()) {
        gone.emplace_back(json::View(member.key()));
      } else {
        DropNulls(known, member.value());
      }
    }
    for (const std::string& name : gone) object->erase(json::ToBoost(name));
  } else if (json::Array* array = value.if_array()) {
    for (json::Value& element : *array) {
      DropNulls(schema == nullptr ? nullptr : schema->items.get(), element);
    }
  }
}

void SetDefaults(const StructuralSchema* schema, json::Value& value);

void SetDefaultOf(const StructuralSchema* schema, json::Value& value) {
  if (MayNotBeNull(value, schema) && schema->default_value.has_value()) {
    value = *schema->default_value;
  }
  SetDefaults(schema, value);
}

void SetDefaults(const StructuralSchema* schema, json::Value& value) {
  if (schema == nullptr) return;
  if (json::Object* object = value.if_object()) {
    for (const auto& [name, property] : schema->properties) {
      if (!property->default_value.has_value()) continue;
      if (json::Find(*object, name) == nullptr) {
        object->emplace(json::ToBoost(name), *property->default_value);
      }
    }
    for (auto& member : *object) {
      SetDefaultOf(schema->Member(json::View(member.key())), member.value());
    }
  } else if (json::Array* array = value.if_array()) {
    for (json::Value& element : *array) SetDefaultOf(schema->items.get(), element);
  }
}

absl::Status Metadata(const StructuralSchema* schema, json::Value& value) {
  if (schema == nullptr) return absl::OkStatus();
  if (json::Object* object = value.if_object()) {
    if (schema->embedded) {
      if (json::Value* metadata = json::Find(*object, "metadata")) {
        static const Message& message = *Schema::Kubernetes().FindMessageByName(kObjectMeta);
        ASSIGN_OR_RETURN(*metadata, Canonicalize(message, std::move(*metadata)));
      }
    }
    for (auto& member : *object) {
      const std::string_view name = json::View(member.key());
      if (schema->embedded && IsObjectMember(name)) continue;
      RETURN_IF_ERROR(Metadata(schema->Member(name), member.value()));
    }
  } else if (json::Array* array = value.if_array()) {
    for (json::Value& element : *array) {
      RETURN_IF_ERROR(Metadata(schema->items.get(), element));
    }
  }
  return absl::OkStatus();
}

// Calls `visit` with the document as a value.
template <typename Function>
auto AsValue(json::Object& document, const Function& visit) {
  json::Value value(std::move(document));
  struct Back {
    json::Value& value;
    json::Object& document;
    ~Back() { document = std::move(value.get_object()); }
  } back{value, document};
  return visit(value);
}

}  // namespace

std::vector<std::string> Prune(const StructuralSchema& schema, json::Object& document) {
  Pruner pruner;
  pruner.Members(&schema, document, "", schema.preserves_unknown);
  return pruner.Take();
}

void SetSchemaDefaults(const StructuralSchema& schema, json::Object& document) {
  AsValue(document, [&](json::Value& value) {
    DropNulls(&schema, value);
    SetDefaults(&schema, value);
  });
}

absl::Status MakeMetadataCanonical(const StructuralSchema& schema, json::Object& document) {
  return AsValue(document, [&](json::Value& value) { return Metadata(&schema, value); });
}

void SortAllMembers(json::Value& value) {
  if (json::Object* object = value.if_object()) {
    json::SortMembers(*object);
    for (auto& member : *object) SortAllMembers(member.value());
  } else if (json::Array* array = value.if_array()) {
    for (json::Value& element : *array) SortAllMembers(element);
  }
}

}  // namespace kvplane::api
