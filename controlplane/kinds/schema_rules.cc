#include "kinds/schema_rules.h"

#include <algorithm>
#include <utility>

#include "api/json_equal.h"
#include "base/strings.h"
#include "cel/document.h"
#include "kinds/schema_type.h"

namespace kvplane::kinds {

namespace json = api::json;
using api::SchemaRule;
using api::StructuralSchema;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;

namespace {

constexpr size_t kLongestMessage = 5 * 1024;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// How a rule is named where it cannot speak for itself.
std::string NameOf(const SchemaRule& rule) {
  return std::string(Trimmed(rule.message.empty() ? rule.rule : rule.message));
}

// An object or a value of a document.
struct Place {
  const json::Object* object = nullptr;
  const json::Value* value = nullptr;

  static Place Of(const json::Value* value) {
    if (value == nullptr || value->is_null()) return {};
    return {value->if_object(), value};
  }
  bool there() const { return object != nullptr || value != nullptr; }
  cel::Value Read(const cel::TypePtr& type) const {
    return object != nullptr ? cel::FromJson(*object, type) : cel::FromJson(*value, type);
  }
};

bool Same(const json::Object& a, const json::Object& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const auto& member) {
           const json::Value* other = b.if_contains(member.key());
           return other != nullptr && api::JsonEqual(member.value(), *other);
         });
}

bool Same(const Place& a, const Place& b) {
  if (!a.there() || !b.there()) return false;
  if (a.object != nullptr && b.object != nullptr) return Same(*a.object, *b.object);
  return a.value != nullptr && b.value != nullptr && api::JsonEqual(*a.value, *b.value);
}

// The element of a list that is a map that has the same keys.
const json::Value* FindByKeys(const StructuralSchema& schema, const json::Array& array,
                              const json::Value& element) {
  if (schema.list_type != api::ListType::kMap || !element.is_object()) return nullptr;
  for (const json::Value& other : array) {
    if (!other.is_object()) continue;
    const bool same =
        std::all_of(schema.list_keys.begin(), schema.list_keys.end(), [&](const std::string& name) {
          const json::Value* a = json::Find(element.get_object(), name);
          const json::Value* b = json::Find(other.get_object(), name);
          return a == nullptr || b == nullptr ? a == b : api::JsonEqual(*a, *b);
        });
    if (same) return &other;
  }
  return nullptr;
}

}  // namespace

// One walk over an object and what it replaces.
class RuleWalk {
 public:
  explicit RuleWalk(FieldErrors& errors) : errors_(errors) {}

  // What a place and those around it were before, to tell whether anything has changed.
  struct Before {
    Place now;
    Place then;  // nothing where the two cannot be told to be the same
    const Before* around = nullptr;

    bool Unchanged() const {
      if (then.there()) return Same(now, then);
      return around != nullptr && around->then.there() && Same(around->now, around->then);
    }
  };

  // False where no more is to be looked at.
  bool Visit(const SchemaRules& rules, const Place& place, const Place& old, const Before& before,
             const std::string& path) {
    if (!place.there()) return true;
    if (!rules.rules_.empty() && !Rules(rules, place, old, before, path)) return false;
    if (place.object != nullptr) return Members(rules, *place.object, old, before, path);
    const json::Array* array = place.value->if_array();
    return array == nullptr || rules.items_ == nullptr ||
           Elements(rules, *array, old, before, path);
  }

 private:
  bool Members(const SchemaRules& rules, const json::Object& object, const Place& old,
               const Before& before, const std::string& path) {
    for (const auto& member : object) {
      const std::string_view name = json::View(member.key());
      const json::Value* then = old.object == nullptr ? nullptr : json::Find(*old.object, name);
      const Before own{Place::Of(&member.value()), Place::Of(then), Nearest(before)};
      const auto property = rules.properties_.find(name);
      if (property != rules.properties_.end()) {
        const std::string below = path.empty() ? std::string(name) : Concat(path, ".", name);
        if (!Visit(*property->second, own.now, own.then, own, below)) return false;
      } else if (rules.additional_ != nullptr) {
        if (!Visit(*rules.additional_, own.now, own.then, own, Concat(path, "[", name, "]"))) {
          return false;
        }
      }
    }
    return true;
  }

  bool Elements(const SchemaRules& rules, const json::Array& array, const Place& old,
                const Before& before, const std::string& path) {
    const json::Array* olds = old.value == nullptr ? nullptr : old.value->if_array();
    for (size_t i = 0; i < array.size(); ++i) {
      const json::Value* then =
          olds == nullptr ? nullptr : FindByKeys(*rules.schema_, *olds, array[i]);
      const Before own{Place::Of(&array[i]), Place::Of(then), Nearest(before)};
      if (!Visit(*rules.items_, own.now, own.then, own, Concat(path, "[", i, "]"))) return false;
    }
    return true;
  }

  // The innermost place that has something before it.
  static const Before* Nearest(const Before& before) {
    return before.then.there() ? &before : before.around;
  }

  void Refuse(const std::string& path, FieldError (*make)(std::string, std::string_view),
              std::string_view detail) {
    errors_.push_back(make(path.empty() ? "<nil>" : path, detail));
  }

  // With the type for the value, as what went wrong is the rule's fault.
  void Fault(const SchemaRules& rules, const std::string& path, std::string_view detail) {
    const std::string& type = rules.schema_->type;
    errors_.push_back(
        Invalid(path.empty() ? "<nil>" : path, json::Value(json::ToBoost(type)), detail));
  }

  bool Rules(const SchemaRules& rules, const Place& place, const Place& old, const Before& before,
             const std::string& path) {
    const cel::Value self = place.Read(rules.type_);
    const cel::Value old_self = old.there() ? old.Read(rules.type_) : cel::Value();
    for (size_t i = 0; i < rules.rules_.size(); ++i) {
      const CompiledRule& compiled = rules.rules_[i];
      const SchemaRule& rule = rules.schema_->rules[i];
      if (!compiled.rule) {
        Fault(rules, path, Concat("rule compile error: ", compiled.fault));
        continue;
      }
      if (compiled.uses_old && !old.there() && !compiled.optional_old) continue;
      cel::Value then = old_self;
      if (compiled.optional_old) {
        then = old.there() ? cel::Value::Some(old_self) : cel::Value::None();
      }
      cel::Budget budget(std::min(cel::kCallBudget, left_));
      const cel::Value verdict = compiled.rule->Evaluate({self, then}, budget);
      if (!Charge(rules, path, rule, budget)) return false;
      if (verdict.IsTrue()) continue;
      if (verdict.IsError()) {
        Failed(rules, path, rule, verdict.GetString());
        continue;
      }
      if (!compiled.uses_old && before.Unchanged()) continue;
      Broken(rules, compiled, rule, place, {self, then}, path);
    }
    return true;
  }

  bool Charge(const SchemaRules& rules, const std::string& path, const SchemaRule& rule,
              const cel::Budget& budget) {
    const int64_t given = std::min(cel::kCallBudget, left_);
    left_ -= given - std::max<int64_t>(budget.left(), 0);
    if (!budget.exhausted()) return true;
    if (given == cel::kCallBudget) {
      Fault(rules, path,
            Concat("'operation cancelled: actual cost limit exceeded': no further validation rules "
                   "will be run due to call cost exceeds limit for rule: ",
                   NameOf(rule)));
    } else {
      Fault(rules, path,
            "validation failed due to running out of cost budget, no further validation rules will "
            "be run");
    }
    return false;
  }

  void Failed(const SchemaRules& rules, const std::string& path, const SchemaRule& rule,
              std::string_view error) {
    if (error.starts_with("no such overload")) {
      Fault(rules, path,
            Concat("'", error,
                   "': call arguments did not match a supported operator, function or macro "
                   "signature for rule: ",
                   NameOf(rule)));
    } else {
      Fault(rules, path, Concat(error, " evaluating rule: ", NameOf(rule)));
    }
  }

  void Broken(const SchemaRules& rules, const CompiledRule& compiled, const SchemaRule& rule,
              const Place& place, std::vector<cel::Value> variables, const std::string& path) {
    std::string where = path;
    if (!compiled.field.empty()) {
      where = path.empty() ? compiled.field : Concat(path, ".", compiled.field);
    }
    const std::string detail = Detail(compiled, rule, std::move(variables));
    if (rule.reason == "FieldValueForbidden") return Refuse(where, Forbidden, detail);
    if (rule.reason == "FieldValueRequired") return Refuse(where, Required, detail);
    const std::string& type = rules.schema_->type;
    const bool large = type == "object" || type == "array";
    if (where.empty()) where = "<nil>";
    if (rule.reason == "FieldValueDuplicate") {
      FieldError error = Duplicate(where, large ? json::Value() : *place.value);
      if (large) error.message = "Duplicate value";
      errors_.push_back(std::move(error));
    } else if (large) {
      errors_.push_back({"FieldValueInvalid", where, Concat("Invalid value: ", detail)});
    } else {
      errors_.push_back(Invalid(where, *place.value, detail));
    }
  }

  std::string Detail(const CompiledRule& compiled, const SchemaRule& rule,
                     std::vector<cel::Value> variables) {
    if (compiled.message) {
      const int64_t given = std::min(cel::kCallBudget, left_);
      cel::Budget budget(given);
      const cel::Value told = compiled.message->Evaluate(std::move(variables), budget);
      left_ -= given - std::max<int64_t>(budget.left(), 0);
      const std::string_view text =
          told.Is(cel::Value::Kind::kString) ? Trimmed(told.GetString()) : "";
      const bool good = !text.empty() && text.size() <= kLongestMessage &&
                        text.find('\n') == std::string_view::npos;
      if (good) return std::string(text);
    }
    if (!rule.message.empty()) return std::string(Trimmed(rule.message));
    return Concat("failed rule: ", NameOf(rule));
  }

  FieldErrors& errors_;
  int64_t left_ = cel::kObjectBudget;
};

std::optional<std::string> ReadRulePath(std::string_view path, const StructuralSchema& schema) {
  const StructuralSchema* at = &schema;
  std::string out;
  while (!path.empty()) {
    std::string name;
    if (path[0] == '.') {
      path.remove_prefix(1);
      const size_t end = std::min(path.find_first_of(".["), path.size());
      name = path.substr(0, end);
      path.remove_prefix(end);
    } else if (path.starts_with("['")) {
      path.remove_prefix(2);
      while (!path.empty() && path[0] != '\'') {
        if (path[0] == '\\') path.remove_prefix(1);
        if (path.empty()) return std::nullopt;
        name += path[0];
        path.remove_prefix(1);
      }
      if (!path.starts_with("']")) return std::nullopt;
      path.remove_prefix(2);
    } else {
      return std::nullopt;
    }
    const bool named = !at->properties.empty();
    const StructuralSchema* below = named ? at->Property(name) : at->additional.get();
    if (below == nullptr || name.empty()) return std::nullopt;
    out += named ? Concat(out.empty() ? "" : ".", name) : Concat("[", name, "]");
    at = below;
  }
  return out;
}

CompiledRule CompileRule(const SchemaRule& rule, const StructuralSchema& schema,
                         const cel::TypePtr& type) {
  CompiledRule out;
  out.optional_old = rule.optional_old_self.value_or(false);
  const std::vector<cel::Variable> variables = {
      {"self", type}, {"oldSelf", out.optional_old ? cel::OptionalType(type) : type}};
  auto program = cel::Program::Compile(rule.rule, variables);
  if (!program.ok()) {
    out.fault = Concat("compilation failed: ", FromAbsl(program.status().message()));
    return out;
  }
  if (!program->type()->Is(cel::Type::Kind::kBool)) {
    out.fault = "cel expression must evaluate to a bool";
    return out;
  }
  out.uses_old = program->Uses(1);
  out.rule = *std::move(program);
  out.field = ReadRulePath(rule.field_path, schema).value_or("");
  if (rule.message_expression.empty()) return out;
  auto message = cel::Program::Compile(rule.message_expression, variables);
  if (!message.ok()) {
    out.message_fault =
        Concat("messageExpression compilation failed: ", FromAbsl(message.status().message()));
  } else if (!message->type()->Is(cel::Type::Kind::kString)) {
    out.message_fault = "messageExpression must evaluate to a string";
  } else {
    out.message = *std::move(message);
  }
  return out;
}

std::unique_ptr<const SchemaRules> SchemaRules::CompileNode(const StructuralSchema& schema,
                                                            bool object) {
  std::unique_ptr<SchemaRules> node(new SchemaRules());
  node->schema_ = &schema;
  if (!schema.rules.empty()) {
    node->type_ = SchemaType(schema, object);
    if (node->type_ == nullptr) node->type_ = cel::SimpleType(cel::Type::Kind::kDyn);
    for (const SchemaRule& rule : schema.rules) {
      node->rules_.push_back(CompileRule(rule, schema, node->type_));
    }
  }
  for (const auto& [name, property] : schema.properties) {
    auto below = CompileNode(*property, property->embedded);
    if (below != nullptr) node->properties_.emplace(name, std::move(below));
  }
  if (schema.items != nullptr) node->items_ = CompileNode(*schema.items, schema.items->embedded);
  if (schema.additional != nullptr) {
    node->additional_ = CompileNode(*schema.additional, schema.additional->embedded);
  }
  const bool any = !node->rules_.empty() || !node->properties_.empty() || node->items_ != nullptr ||
                   node->additional_ != nullptr;
  return any ? std::move(node) : nullptr;
}

std::shared_ptr<const SchemaRules> SchemaRules::Compile(const StructuralSchema& root) {
  return CompileNode(root, true);
}

void SchemaRules::Validate(const json::Object& object, const json::Object* current,
                           FieldErrors& errors) const {
  const RuleWalk::Before before{{&object, nullptr}, {current, nullptr}, nullptr};
  RuleWalk(errors).Visit(*this, before.now, before.then, before, "");
}

}  // namespace kvplane::kinds
