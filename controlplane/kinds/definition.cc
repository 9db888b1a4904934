#include "kinds/definition.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "kinds/defined_columns.h"
#include "kinds/members.h"
#include "kinds/schema_rules.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

std::vector<std::string> Texts(const json::Object& object, std::string_view name) {
  std::vector<std::string> out;
  if (const json::Array* array = FindArray(object, {name})) {
    for (const json::Value& one : *array) out.push_back(Plain(one));
  }
  return out;
}

json::Array ToArray(const std::vector<std::string>& texts) {
  json::Array out;
  for (const std::string& text : texts) out.emplace_back(json::ToBoost(text));
  return out;
}

// What kubectl is shown of a version that names no columns.
json::Array AgeColumn() {
  return {json::Object{
      {"name", "Age"},
      {"type", "date"},
      {"description",
       "CreationTimestamp is a timestamp representing the server time when this object was "
       "created."},
      {"jsonPath", ".metadata.creationTimestamp"}}};
}

std::vector<DefinedColumn> ReadColumns(const json::Object& version) {
  const json::Array* given = FindArray(version, {"additionalPrinterColumns"});
  const json::Array columns = given == nullptr || given->empty() ? AgeColumn() : *given;
  std::vector<DefinedColumn> out;
  for (const json::Value& value : columns) {
    const json::Object& column = value.get_object();
    auto path = api::JsonPath::Parse(Text(column, {"jsonPath"}));
    if (!path.ok()) continue;
    std::string description(Text(column, {"description"}));
    if (description.empty()) {
      description = Concat("Custom resource definition column (in JSONPath format): ",
                           Text(column, {"jsonPath"}));
    }
    out.push_back({.name = std::string(Text(column, {"name"})),
                   .type = std::string(Text(column, {"type"})),
                   .format = std::string(Text(column, {"format"})),
                   .description = std::move(description),
                   .priority = static_cast<int>(Integer(column, {"priority"})),
                   .path = *std::move(path)});
  }
  return out;
}

std::string Deprecation(const json::Object& version, const std::string& group_version,
                        std::string_view kind) {
  if (!True(version, {"deprecated"})) return {};
  const std::string_view told = Text(version, {"deprecationWarning"});
  return told.empty() ? Concat(group_version, " ", kind, " is deprecated") : std::string(told);
}

std::shared_ptr<const DefinedVersion> ReadVersion(const std::string& group, std::string_view kind,
                                                  const json::Object& document) {
  auto version = std::make_shared<DefinedVersion>();
  version->name = Text(document, {"name"});
  version->group_version = Concat(group, "/", version->name);
  version->served = True(document, {"served"});
  version->deprecation = Deprecation(document, version->group_version, kind);
  version->has_status = Has(document, {"subresources", "status"});
  if (const json::Object* scale = FindObject(document, {"subresources", "scale"})) {
    version->has_scale = true;
    version->scale = {SplitPath(Text(*scale, {"specReplicasPath"})),
                      SplitPath(Text(*scale, {"statusReplicasPath"})),
                      SplitPath(Text(*scale, {"labelSelectorPath"}))};
  }
  const json::Object* schema = FindObject(document, {"schema", "openAPIV3Schema"});
  version->schema = api::StructuralSchema::Read(schema == nullptr ? json::Object() : *schema);
  version->rules = SchemaRules::Compile(version->schema);
  if (schema != nullptr) version->schema_text = api::ToJson(json::Value(*schema));
  version->columns = ReadColumns(document);
  version->table = DefinedColumns(version->columns);
  ForEach(document, {"selectableFields"}, [&](const json::Object& field) {
    std::string_view path = Text(field, {"jsonPath"});
    if (path.starts_with('.')) path.remove_prefix(1);
    version->selectable.emplace_back(path);
  });
  return version;
}

}  // namespace

DefinedNames DefinedNames::Read(const json::Object& names) {
  return {.plural = std::string(Text(names, {"plural"})),
          .singular = std::string(Text(names, {"singular"})),
          .kind = std::string(Text(names, {"kind"})),
          .list_kind = std::string(Text(names, {"listKind"})),
          .short_names = Texts(names, "shortNames"),
          .categories = Texts(names, "categories")};
}

json::Object DefinedNames::ToJson() const {
  json::Object out{{"plural", plural}};
  if (!singular.empty()) out["singular"] = singular;
  if (!short_names.empty()) out["shortNames"] = ToArray(short_names);
  out["kind"] = kind;
  if (!list_kind.empty()) out["listKind"] = list_kind;
  if (!categories.empty()) out["categories"] = ToArray(categories);
  return out;
}

std::shared_ptr<const Definition> Definition::Read(const json::Object& document,
                                                   const Definition* before) {
  const std::shared_ptr<Definition> made(new Definition());
  made->uid_ = Text(document, {"metadata", "uid"});
  made->generation_ = Integer(document, {"metadata", "generation"});
  made->group_ = Text(document, {"spec", "group"});
  made->namespaced_ = Text(document, {"spec", "scope"}) == "Namespaced";
  made->converted_elsewhere_ = Text(document, {"spec", "conversion", "strategy"}) == "Webhook";
  if (const json::Object* client =
          FindObject(document, {"spec", "conversion", "webhook", "clientConfig"})) {
    made->webhook_client_ = *client;
  }
  made->terminating_ = HasCondition(document, "Terminating");
  const json::Object* names = FindObject(document, {"status", "acceptedNames"});
  if (names == nullptr) return nullptr;
  made->names_ = DefinedNames::Read(*names);
  if (before != nullptr && before->uid_ == made->uid_ && before->generation_ == made->generation_ &&
      before->names_.kind == made->names_.kind) {
    made->versions_ = before->versions_;
    made->storage_ = before->storage_;
    made->selectable_ = before->selectable_;
    return made;
  }
  ForEach(document, {"spec", "versions"}, [&](const json::Object& one) {
    made->versions_.push_back(ReadVersion(made->group_, made->names_.kind, one));
    const DefinedVersion& version = *made->versions_.back();
    if (True(one, {"storage"})) made->storage_ = &version;
    for (const std::string& field : version.selectable) {
      auto& all = made->selectable_;
      if (std::find(all.begin(), all.end(), field) == all.end()) all.push_back(field);
    }
  });
  return made->storage_ == nullptr ? nullptr : made;
}

Kind Definition::KindOf(const std::shared_ptr<const Definition>& self,
                        const DefinedVersion& version) const {
  return {.group = group_,
          .plural = names_.plural,
          .name = names_.kind,
          .group_version = storage_->group_version,
          .prefix = Concat("/registry/", group_, "/", names_.plural, "/"),
          .namespaced = namespaced_,
          .has_status = version.has_status,
          .counts_generations = true,
          .definition = self,
          .version = &version};
}

api::Resource Definition::ResourceOf(const DefinedVersion& version) const {
  api::Resource resource;
  resource.group = group_;
  resource.group_version = version.group_version;
  resource.plural = names_.plural;
  resource.singular = names_.singular;
  resource.kind = names_.kind;
  resource.namespaced = namespaced_;
  resource.verbs = {"delete", "deletecollection", "get", "list", "patch"};
  if (!terminating_) resource.verbs.insert(resource.verbs.end(), {"create", "update"});
  resource.verbs.emplace_back("watch");
  resource.short_names.assign(names_.short_names.begin(), names_.short_names.end());
  resource.categories.assign(names_.categories.begin(), names_.categories.end());
  if (version.has_status) {
    resource.subresources.push_back(
        {"status", version.group_version, names_.kind, {"get", "patch", "update"}});
  }
  if (version.has_scale) {
    resource.subresources.push_back(
        {"scale", "autoscaling/v1", "Scale", {"get", "patch", "update"}});
  }
  return resource;
}

bool HasCondition(const json::Object& document, std::string_view type) {
  bool found = false;
  ForEach(document, {"status", "conditions"}, [&](const json::Object& condition) {
    found |= Text(condition, {"type"}) == type && Text(condition, {"status"}) == "True";
  });
  return found;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> members;
  if (path.starts_with('.')) path.remove_prefix(1);
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    members.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return members;
}

const json::Value* FindPath(const json::Object& object, const std::vector<std::string>& path) {
  const json::Object* at = &object;
  const json::Value* found = nullptr;
  for (const std::string& name : path) {
    found = at == nullptr ? nullptr : json::Find(*at, name);
    if (found == nullptr) return nullptr;
    at = found->if_object();
  }
  return found;
}

}  // namespace kvplane::kinds
