#include "kinds/version_validation.h"

#include <set>
#include <string_view>

#include "api/json_path.h"
#include "api/names.h"
#include "base/strings.h"
#include "kinds/definition.h"
#include "kinds/members.h"
#include "kinds/metadata_validation.h"
#include "kinds/rule_validation.h"
#include "kinds/structural_validation.h"

namespace kvplane::kinds {

namespace {

using kvshim::base::Concat;

void CheckPath(std::string_view path, std::string_view below, const std::string& field,
               FieldErrors& errors) {
  if (path.empty()) {
    errors.push_back(Required(field, ""));
  } else if (path[0] != '.') {
    errors.push_back(Invalid(field, ValueOf(path), "must be a simple json path starting with ."));
  } else if (!path.starts_with(below)) {
    errors.push_back(
        Invalid(field, ValueOf(path),
                Concat("should be a json path under ", below.substr(0, below.size() - 1))));
  }
}

void CheckSubresources(const json::Object& version, const std::string& field, FieldErrors& errors) {
  const json::Object* scale = FindObject(version, {"subresources", "scale"});
  if (scale == nullptr) return;
  const std::string at = Concat(field, ".subresources.scale.");
  CheckPath(Text(*scale, {"specReplicasPath"}), ".spec.", at + "specReplicasPath", errors);
  CheckPath(Text(*scale, {"statusReplicasPath"}), ".status.", at + "statusReplicasPath", errors);
  const std::string_view selector = Text(*scale, {"labelSelectorPath"});
  if (selector.empty() || selector.starts_with(".spec.") || selector.starts_with(".status.")) {
    return;
  }
  errors.push_back(Invalid(at + "labelSelectorPath", ValueOf(selector),
                           selector[0] == '.'
                               ? "should be a json path under either .spec or .status"
                               : "must be a simple json path starting with ."));
}

void CheckColumns(const json::Object& version, const std::string& field, FieldErrors& errors) {
  constexpr std::string_view kTypes = "boolean,date,integer,number,string";
  static const std::set<std::string_view> types = {"boolean", "date", "integer", "number",
                                                   "string"};
  static const std::set<std::string_view> formats = {"byte",  "date",  "date-time", "double",
                                                     "float", "int32", "int64",     "password"};
  size_t index = 0;
  ForEach(version, {"additionalPrinterColumns"}, [&](const json::Object& column) {
    const std::string at = Concat(field, ".additionalPrinterColumns[", index++, "].");
    if (Text(column, {"name"}).empty()) errors.push_back(Required(at + "name", ""));
    const std::string_view type = Text(column, {"type"});
    if (type.empty()) {
      errors.push_back(Required(at + "type", Concat("must be one of ", kTypes)));
    } else if (!types.contains(type)) {
      errors.push_back(Invalid(at + "type", ValueOf(type), Concat("must be one of ", kTypes)));
    }
    const std::string_view format = Text(column, {"format"});
    if (!format.empty() && !formats.contains(format)) {
      errors.push_back(
          Invalid(at + "format", ValueOf(format),
                  "must be one of byte,date,date-time,double,float,int32,int64,password"));
    }
    const std::string_view path = Text(column, {"jsonPath"});
    CheckPath(path, ".", at + "JSONPath", errors);
    if (path.starts_with('.') && !api::JsonPath::Parse(path).ok()) {
      errors.push_back(Invalid(at + "JSONPath", ValueOf(path), "is an invalid path"));
    }
  });
}

// The schema at a path of members.
const json::Object* SchemaAt(const json::Object& schema, std::string_view path) {
  const json::Object* at = &schema;
  for (const std::string& name : SplitPath(path)) {
    at = at == nullptr ? nullptr : FindObject(*at, {"properties", name});
  }
  return at;
}

void CheckSelectableFields(const json::Object& version, const json::Object& schema,
                           const std::string& field, FieldErrors& errors) {
  constexpr size_t kMost = 8;
  std::set<std::string, std::less<>> seen;
  size_t index = 0;
  ForEach(version, {"selectableFields"}, [&](const json::Object& one) {
    const std::string at = Concat(field, ".selectableFields[", index++, "].jsonPath");
    const std::string_view path = Text(one, {"jsonPath"});
    if (path.empty()) {
      errors.push_back(Required(at, ""));
      return;
    }
    const json::Object* found = path[0] == '.' ? SchemaAt(schema, path) : nullptr;
    if (path.starts_with(".metadata")) {
      errors.push_back(Invalid(at, ValueOf(path), "must not point to fields in metadata"));
    } else if (found == nullptr) {
      errors.push_back(
          Invalid(at, ValueOf(path), "is an invalid path: does not refer to a valid field"));
    } else if (const std::string_view type = Text(*found, {"type"});
               type != "string" && type != "boolean" && type != "integer") {
      errors.push_back(Invalid(at, ValueOf(path),
                               "must point to a field of type string, boolean or integer. Enum "
                               "string fields and strings with formats are allowed."));
    }
    if (!seen.emplace(path).second) errors.push_back(Duplicate(at, ValueOf(path)));
  });
  if (seen.size() > kMost) {
    errors.push_back({"FieldValueTooMany", Concat(field, ".selectableFields"),
                      Concat("Too many: ", seen.size(), ": must have at most ", kMost, " items")});
  }
}

void CheckSchema(const json::Object& schema, const std::string& field, FieldErrors& errors) {
  if (True(schema, {"nullable"})) {
    errors.push_back(Forbidden(field + ".nullable", "nullable cannot be true at the root"));
  }
  const size_t before = errors.size();
  ValidateStructural(schema, field, errors);
  if (errors.size() == before) ValidateSchemaDefaults(schema, field, errors);
  ValidateOpenApi(schema, field, errors);
  // What types rules are about is known of a schema that is in order.
  if (errors.size() == before) ValidateRules(schema, field, errors);
}

}  // namespace

void ValidateVersion(const json::Object& version, const std::string& field, FieldErrors& errors) {
  const std::string_view name = Text(version, {"name"});
  if (const auto faults = api::CheckDns1035Label(name); !faults.empty()) {
    errors.push_back(Invalid(field + ".name", ValueOf(name), Joined(faults)));
  }
  if (Has(version, {"deprecationWarning"})) {
    const std::string_view warning = Text(version, {"deprecationWarning"});
    const auto refuse = [&](std::string_view why) {
      errors.push_back(Invalid(field + ".deprecationWarning", ValueOf(warning), why));
    };
    if (!True(version, {"deprecated"})) refuse("can only be set for deprecated versions");
    if (warning.size() > 256) refuse("must be <= 256 characters long");
    if (warning.empty()) refuse("must not be an empty string");
  }
  const json::Object* schema = FindObject(version, {"schema", "openAPIV3Schema"});
  if (schema == nullptr) {
    errors.push_back(Required(field + ".schema.openAPIV3Schema", ""));
  } else {
    CheckSchema(*schema, field + ".schema.openAPIV3Schema", errors);
    CheckSelectableFields(version, *schema, field, errors);
  }
  CheckSubresources(version, field, errors);
  CheckColumns(version, field, errors);
}

}  // namespace kvplane::kinds
