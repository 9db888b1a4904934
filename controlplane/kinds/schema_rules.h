// SchemaRules: the rules of a schema in CEL (x-kubernetes-validations), compiled, at the places
// where the schema has them.
//
// A rule that names oldSelf is asked only where there is something before to compare with: the
// same member of an object, the element with the same keys of a list that is a map. Where a value
// has not changed, a rule that it breaks is not told of.
//
// Thread safety: immutable.
//
//   auto rules = SchemaRules::Compile(schema);   // null: there are none; the schema outlives it
//   rules->Validate(object, nullptr, errors);    // spec: Invalid value: replicas may not …
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/structural_schema.h"
#include "cel/program.h"
#include "kinds/field_error.h"

namespace kvplane::kinds {

// One rule, and what is wrong with it.
struct CompiledRule {
  std::optional<cel::Program> rule;
  std::optional<cel::Program> message;
  std::string fault;          // of the rule
  std::string message_fault;  // of its messageExpression
  bool uses_old = false;
  bool optional_old = false;
  std::string field;  // where the rule says the error is: "spec.replicas"; else empty
};

// `type` is that of self.
CompiledRule CompileRule(const api::SchemaRule& rule, const api::StructuralSchema& schema,
                         const cel::TypePtr& type);

// A rule's fieldPath as a field below its schema's; none where the schema has no such place.
std::optional<std::string> ReadRulePath(std::string_view path, const api::StructuralSchema& schema);

class SchemaRules {
 public:
  static std::shared_ptr<const SchemaRules> Compile(const api::StructuralSchema& root);

  // `current` is what the object replaces, null for a new one.
  void Validate(const api::json::Object& object, const api::json::Object* current,
                FieldErrors& errors) const;

 private:
  friend class RuleWalk;

  SchemaRules() = default;
  static std::unique_ptr<const SchemaRules> CompileNode(const api::StructuralSchema& schema,
                                                        bool object);

  const api::StructuralSchema* schema_ = nullptr;
  cel::TypePtr type_;
  std::vector<CompiledRule> rules_;
  std::map<std::string, std::unique_ptr<const SchemaRules>, std::less<>> properties_;
  std::unique_ptr<const SchemaRules> items_;
  std::unique_ptr<const SchemaRules> additional_;
};

}  // namespace kvplane::kinds
