#include "kinds/defaults.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/structural_document.h"
#include "base/strings.h"
#include "kinds/defaults_table.h"
#include "kinds/definition.h"
#include "kinds/definition_validation.h"
#include "kinds/members.h"

namespace kvplane::kinds {

namespace {

struct Rules {
  std::vector<DefaultFunction> functions;
  std::vector<std::pair<std::string_view, json::Value>> fields;
};
using RulesByMessage = absl::flat_hash_map<const api::Message*, Rules>;

Rules& RulesOf(RulesByMessage& rules, std::string_view message) {
  const api::Message* found =
      api::Schema::Kubernetes().FindMessageByName(kvshim::base::Concat("k8s.io.api.", message));
  return rules[found];
}

RulesByMessage* ReadTables() {
  auto* rules = new RulesByMessage();
  for (const auto fields : {PodDefaultFields(), WorkloadDefaultFields(), ClusterDefaultFields()}) {
    for (const DefaultField& row : fields) {
      auto value = api::ParseJson(row.json);
      RulesOf(*rules, row.message).fields.emplace_back(row.field, *std::move(value));
    }
  }
  for (const auto functions :
       {PodDefaultFunctions(), WorkloadDefaultFunctions(), ClusterDefaultFunctions()}) {
    for (const DefaultFunctionOf& row : functions) {
      RulesOf(*rules, row.message).functions.push_back(row.function);
    }
  }
  return rules;
}

class Defaulter {
 public:
  void Walk(const api::Message& message, json::Object& object, bool root) {
    const auto found = rules_.find(&message);
    if (found != rules_.end()) {
      for (const DefaultFunction function : found->second.functions) function(object);
      for (const auto& [field, value] : found->second.fields) SetDefault(object, field, value);
    }
    for (auto& member : object) {
      const std::string_view name = json::View(member.key());
      if (root && (name == "metadata" || name == "status")) continue;
      const int slot = message.Find(name);
      if (slot == api::Message::kNotFound) continue;
      const api::Field& field = *message.slots[static_cast<size_t>(slot)];
      if (field.type == api::Type::kMessage) Descend(field, member.value());
    }
  }

 private:
  void Descend(const api::Field& field, json::Value& value) {
    if (field.shape == api::Shape::kSingle) {
      if (json::Object* object = value.if_object()) Walk(*field.message, *object, false);
    } else if (json::Array* list = value.if_array()) {
      for (json::Value& element : *list) {
        if (json::Object* object = element.if_object()) Walk(*field.message, *object, false);
      }
    } else if (json::Object* map = value.if_object()) {
      for (auto& entry : *map) {
        if (json::Object* object = entry.value().if_object()) Walk(*field.message, *object, false);
      }
    }
  }

  static const RulesByMessage& Tables() {
    static const RulesByMessage* const tables = ReadTables();
    return *tables;
  }

  const RulesByMessage& rules_ = Tables();
};

}  // namespace

void SetDefaults(const Kind& kind, json::Object& object) {
  if (kind.definition != nullptr) api::SetSchemaDefaults(kind.version->schema, object);
  if (kind.group == "apiextensions.k8s.io") SetDefinitionDefaults(object);
  if (kind.message != nullptr) Defaulter().Walk(*kind.message, object, true);
}

}  // namespace kvplane::kinds
