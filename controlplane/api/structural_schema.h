// StructuralSchema: what a CustomResourceDefinition says of its objects, from the OpenAPI v3 schema
// of one of its versions: which members there are, of which types, and what must hold of them.
//
// It is called structural as every type stands outside of allOf, anyOf, oneOf and not: these only
// say what must hold of values whose types are known. Such a nested schema is read into the same
// struct, where its types are empty.
//
// Thread safety: immutable once read.
//
//   StructuralSchema root = StructuralSchema::Read(schema);   // {"type":"object","properties":…}
//   root.Property("spec")->Property("replicas")->type == "integer";
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/message.h"

namespace re2 {
class RE2;
}

namespace kvplane::api {

// A rule in CEL of what must hold (x-kubernetes-validations).
struct SchemaRule {
  std::string rule;
  std::string message;
  std::string message_expression;
  std::string reason;  // "FieldValueForbidden"; empty: FieldValueInvalid
  std::string field_path;
  std::optional<bool> optional_old_self;
};

struct StructuralSchema {
  using Pointer = std::unique_ptr<const StructuralSchema>;

  std::string type;  // "" where it may be of several
  bool nullable = false;
  bool preserves_unknown = false;
  bool embedded = false;  // an object of its own, with kind, apiVersion and metadata
  bool int_or_string = false;
  std::optional<json::Value> default_value;
  std::map<std::string, Pointer, std::less<>> properties;
  Pointer items;
  Pointer additional;  // of members that are no properties; null where they may be anything
  bool has_additional = false;  // such members may be there
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> list_keys;
  bool atomic_map = false;

  // What must hold of a value.
  std::string format;
  std::string pattern;
  std::shared_ptr<const re2::RE2> expression;  // of the pattern; null where it is none
  std::optional<double> minimum;
  std::optional<double> maximum;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;
  std::optional<double> multiple_of;
  std::optional<int64_t> min_length;
  std::optional<int64_t> max_length;
  std::optional<int64_t> min_items;
  std::optional<int64_t> max_items;
  std::optional<int64_t> min_properties;
  std::optional<int64_t> max_properties;
  std::vector<json::Value> choices;  // enum
  std::vector<std::string> required;
  std::vector<Pointer> all_of;
  std::vector<Pointer> any_of;
  std::vector<Pointer> one_of;
  Pointer none_of;  // not
  std::vector<SchemaRule> rules;

  // Null where there is none of that name.
  const StructuralSchema* Property(std::string_view name) const;
  // Of a member, whether it is a property or another; null where nothing is known of it.
  const StructuralSchema* Member(std::string_view name) const;

  // A root is an object of its own, whether it says so or not. What is no schema is passed over:
  // definitions are validated before they are read (kinds/definition_validation.h).
  static StructuralSchema Read(const json::Object& schema, bool root = true);
};

// The members that every object of the API has, which schemas say nothing of.
bool IsObjectMember(std::string_view name);  // apiVersion, kind, metadata

}  // namespace kvplane::api
