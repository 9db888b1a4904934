// Definition: a CustomResourceDefinition that is served, read for use: the names of its resource,
// and for each version the schema, columns and subresources.
//
// Reading schemas takes a while; versions are shared with the definition before where the
// specification is the same.
//
// Thread safety: immutable.
//
//   auto definition = Definition::Read(document, before);   // of a canonical document
//   definition->storage().group_version == "stable.example.com/v1";
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/json_path.h"
#include "api/schema.h"
#include "api/structural_schema.h"
#include "kinds/columns.h"
#include "kinds/kind.h"

namespace kvplane::kinds {

namespace json = api::json;

// Where a scale finds what it tells: members from the object down.
struct ScalePaths {
  std::vector<std::string> spec_replicas{"spec", "replicas"};
  std::vector<std::string> status_replicas{"status", "replicas"};
  std::vector<std::string> selector;  // empty: none
};

// A column of a version's table.
struct DefinedColumn {
  std::string name;
  std::string type;
  std::string format;
  std::string description;
  int priority = 0;
  api::JsonPath path;
};

class SchemaRules;

struct DefinedVersion {
  std::string name;
  std::string group_version;
  bool served = false;
  bool has_status = false;
  bool has_scale = false;
  std::string deprecation;  // what clients are warned with; empty: it is not deprecated
  ScalePaths scale;
  api::StructuralSchema schema;
  std::shared_ptr<const SchemaRules> rules;  // of the schema; null: none
  std::string schema_text;                   // its JSON, as it is published
  std::vector<DefinedColumn> columns;
  std::vector<Column> table;            // those, after the name; their texts are those of columns
  std::vector<std::string> selectable;  // "spec.color"
};

// Names as spec.names and status.acceptedNames have them.
struct DefinedNames {
  std::string plural;
  std::string singular;
  std::string kind;
  std::string list_kind;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;

  static DefinedNames Read(const json::Object& names);
  json::Object ToJson() const;
  bool operator==(const DefinedNames&) const = default;
};

class Definition {
 public:
  // Null for one that cannot be served: without a version that stores, which validation refuses.
  static std::shared_ptr<const Definition> Read(const json::Object& document,
                                                const Definition* before);

  const std::string& group() const { return group_; }
  const std::string& plural() const { return names_.plural; }
  const DefinedNames& names() const { return names_; }
  bool namespaced() const { return namespaced_; }
  const std::vector<std::shared_ptr<const DefinedVersion>>& versions() const { return versions_; }
  const DefinedVersion& storage() const { return *storage_; }
  // Objects differ from version to version, as a webhook says. Those in the store may be of any.
  bool converted_elsewhere() const { return converted_elsewhere_; }
  // How that webhook is reached, as spec.conversion.webhook.clientConfig has it.
  const json::Object& webhook_client() const { return webhook_client_; }
  // The fields of every version that can be selected by, each once.
  const std::vector<std::string>& selectable() const { return selectable_; }
  // Objects mean the same, whatever else may have changed.
  bool SameObjects(const Definition& other) const {
    return versions_ == other.versions_ && names_.kind == other.names_.kind;
  }

  Kind KindOf(const std::shared_ptr<const Definition>& self, const DefinedVersion& version) const;
  // Its texts are those of this definition.
  api::Resource ResourceOf(const DefinedVersion& version) const;

 private:
  Definition() = default;

  std::string uid_;
  int64_t generation_ = 0;
  std::string group_;
  bool namespaced_ = false;
  bool terminating_ = false;
  bool converted_elsewhere_ = false;
  json::Object webhook_client_;
  DefinedNames names_;
  std::vector<std::shared_ptr<const DefinedVersion>> versions_;
  const DefinedVersion* storage_ = nullptr;
  std::vector<std::string> selectable_;
};

// Whether a condition of the document's status is "True".
bool HasCondition(const json::Object& document, std::string_view type);

// "metadata.labels" as members; empty for the document itself.
std::vector<std::string> SplitPath(std::string_view path);
// What lies there; null where nothing does.
const json::Value* FindPath(const json::Object& object, const std::vector<std::string>& path);

}  // namespace kvplane::kinds
