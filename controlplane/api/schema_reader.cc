#include "api/schema_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;
using kvshim::base::SplitList;

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct NamedType {
  std::string_view name;
  Type type;
  std::string_view go_type;
};

constexpr std::string_view kJsonSchemaProps = "apiextensions/v1.JSONSchemaProps";

constexpr NamedType kTypes[] = {
    {"bool", Type::kBool, "bool"},
    {"int32", Type::kInt32, "int32"},
    {"int64", Type::kInt64, "int64"},
    {"double", Type::kDouble, "float64"},
    {"string", Type::kString, "string"},
    {"bytes", Type::kBytes, "[]uint8"},
    {"Time", Type::kTime, "v1.Time"},
    {"MicroTime", Type::kMicroTime, "v1.MicroTime"},
    {"Duration", Type::kDuration, "v1.Duration"},
    {"IntOrString", Type::kIntOrString, "intstr.IntOrString"},
    {"Quantity", Type::kQuantity, "resource.Quantity"},
    {"Raw", Type::kRaw, "runtime.RawExtension"},
    {"JSON", Type::kJson, "v1.JSON"},
    {"FieldsV1", Type::kFieldsV1, "v1.FieldsV1"},
    {"Any", Type::kAny, "interface {}"},
    {"Strings", Type::kStrings, "[]string"},
    {"SchemaOrArray", Type::kSchemaOrArray, "v1.JSONSchemaPropsOrArray"},
    {"SchemaOrBool", Type::kSchemaOrBool, "v1.JSONSchemaPropsOrBool"},
    {"SchemaOrStrings", Type::kSchemaOrStrings, "v1.JSONSchemaPropsOrStringArray"},
};

// "core/v1.PodPhase" and "PodPhase" in core/v1 are both "v1.PodPhase" in Go.
std::string GoName(std::string_view reference, std::string_view package) {
  if (reference.find('.') == std::string_view::npos) {
    return Concat(package.substr(package.rfind('.') + 1), '.', reference);
  }
  return std::string(reference.substr(reference.find('/') + 1));
}

}  // namespace

absl::Status SchemaReader::Read(std::string_view table, std::string_view names) {
  int number = 0;
  while (!table.empty()) {
    ++number;
    const size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(std::min(end + 1, table.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (!ReadLine(SplitList(line, ' '), line.starts_with(' '))) {
      return absl::InvalidArgumentError(Concat("schema table, line ", number, ": ", line));
    }
  }
  if (absl::Status resolved = Resolve(); !resolved.ok()) return resolved;
  return ReadNames(names);
}

bool SchemaReader::ReadLine(const Words& words, bool indented) {
  if (indented) return in_resource_ ? ReadSubresource(words) : ReadField(words);
  if (words[0] == "package") return ReadPackage(words);
  if (words[0] == "message") return ReadMessage(words);
  if (words[0] == "resource") return ReadResource(words);
  if (words[0] == "options" && words.size() == 3) {
    kinds_.push_back({"", words[1], std::string(words[2])});
    return true;
  }
  if (words[0] == "kind" && words.size() == 4) {
    kinds_.push_back({words[1], words[2], std::string(words[3])});
    return true;
  }
  return false;
}

bool SchemaReader::ReadPackage(const Words& words) {
  if (words.size() < 3) return false;
  alias_ = words[1];
  package_ = words[2];
  group_version_ = words.size() > 3 ? words[3] : std::string_view();
  return true;
}

bool SchemaReader::ReadMessage(const Words& words) {
  if (words.size() < 2) return false;
  Message& message = schema_.messages_.emplace_back();
  message.name = words[1];
  message.package = package_;
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "typed") {
      message.typed = true;
    } else if (words[i] == "atomic") {
      message.atomic = true;
    } else if (words[i] == "kind") {
      kinds_.push_back({group_version_, message.name, Absolute(message.name)});
    } else {
      return false;
    }
  }
  by_alias_[Absolute(message.name)] = &message;
  return true;
}

bool SchemaReader::ReadField(const Words& words) {
  if (words.size() < 3 || schema_.messages_.empty()) return false;
  Message& message = schema_.messages_.back();
  Field& field = message.fields.emplace_back();
  field.name = words[0];
  const std::string_view number = words[1];
  const auto read = std::from_chars(number.data(), number.data() + number.size(), field.number);
  if (read.ptr != number.data() + number.size()) return false;
  if (!ReadType(words[2], field)) return false;
  has_list_type_ = false;
  for (size_t i = 3; i < words.size(); ++i) {
    if (!ReadFlag(words[i], field)) return false;
  }
  // Lists that say nothing of apply merge as their patches do.
  if (field.shape == Shape::kList && field.patch_merge && !has_list_type_) {
    field.list_type = field.patch_merge_key.empty() ? ListType::kSet : ListType::kMap;
    if (!field.patch_merge_key.empty()) field.map_keys = {field.patch_merge_key};
  }
  return true;
}

bool SchemaReader::ReadType(std::string_view word, Field& field) {
  field.pointer = Consume(word, "*");
  if (Consume(word, "[]")) field.shape = Shape::kList;
  if (Consume(word, "{}")) field.shape = Shape::kMap;
  if (Consume(word, "*")) field.pointer = true;
  const size_t named = word.find('=');
  const std::string_view base = word.substr(0, named);
  for (const NamedType& type : kTypes) {
    if (type.name != base) continue;
    field.type = type.type;
    field.go_type = type.go_type;
    if (named != std::string_view::npos) {
      field.go_type = GoName(word.substr(named + 1), package_);
    }
    if (base.starts_with("SchemaOr")) {
      references_.push_back({schema_.messages_.size() - 1,
                             schema_.messages_.back().fields.size() - 1,
                             std::string(kJsonSchemaProps)});
    }
    return true;
  }
  if (base.empty()) return false;
  field.type = Type::kMessage;
  field.go_type = GoName(base, package_);
  references_.push_back(
      {schema_.messages_.size() - 1, schema_.messages_.back().fields.size() - 1, Absolute(base)});
  return true;
}

bool SchemaReader::ReadFlag(std::string_view word, Field& field) {
  const std::string_view names = word.size() > 2 ? word.substr(2) : std::string_view();
  switch (word[0]) {
    case 'e':
      field.omit_empty = true;
      break;
    case 'z':
      field.omit_zero = true;
      break;
    case 'i':
      field.inlined = true;
      break;
    case 'r':
      field.required = true;
      break;
    case 'a':
      has_list_type_ = true;
      break;
    case 's':
      has_list_type_ = true;
      field.list_type = ListType::kSet;
      break;
    case 'd':
      field.default_key = names;
      break;
    case 'm':
      has_list_type_ = true;
      field.list_type = ListType::kMap;
      field.map_keys = SplitList(names, ',');
      break;
    case 'A':
      field.atomic_map = true;
      break;
    case 'p':
      field.patch_merge = true;
      field.patch_merge_key = names;
      break;
    case 'R':
      field.patch_retain_keys = true;
      break;
    case 'P':
      field.patch_replace = true;
      break;
    default:
      return false;
  }
  return word.size() == 1 || word[1] == ':';
}

bool SchemaReader::ReadResource(const Words& words) {
  if (words.size() != 7) return false;
  in_resource_ = true;
  Resource& resource = schema_.resources_.emplace_back();
  resource.group_version = words[1];
  const size_t slash = words[1].find('/');
  if (slash != std::string_view::npos) resource.group = words[1].substr(0, slash);
  resource.plural = words[2];
  resource.kind = words[3];
  resource.singular = words[4];
  resource.namespaced = words[5] == "namespaced";
  resource.verbs = SplitList(words[6], ',');
  return resource.namespaced || words[5] == "cluster";
}

bool SchemaReader::ReadSubresource(const Words& words) {
  if (words.size() != 4) return false;
  schema_.resources_.back().subresources.push_back(
      {words[0], words[1], words[2], SplitList(words[3], ',')});
  return true;
}

absl::Status SchemaReader::ReadNames(std::string_view names) {
  for (const std::string_view line : SplitList(names, '\n')) {
    if (line.starts_with('#')) continue;
    if (!ReadName(SplitList(line, ' '))) {
      return absl::InvalidArgumentError(Concat("names table: ", line));
    }
  }
  return absl::OkStatus();
}

bool SchemaReader::ReadName(const Words& words) {
  if (words.size() < 3) return false;
  const std::string_view group = words[0] == "-" ? std::string_view() : words[0];
  bool found = false;
  for (Resource& resource : schema_.resources_) {
    if (resource.group != group || resource.plural != words[1]) continue;
    found = true;
    for (size_t i = 2; i < words.size(); ++i) {
      std::string_view word = words[i];
      if (Consume(word, "short=")) {
        resource.short_names = SplitList(word, ',');
      } else if (Consume(word, "categories=")) {
        resource.categories = SplitList(word, ',');
      } else {
        return false;
      }
    }
  }
  return found;
}

// Links what a message inlines first.
void SchemaReader::Link(Message& message) {
  if (message.linked()) return;
  for (const Field& field : message.fields) {
    if (field.inlined) Link(const_cast<Message&>(*field.message));
  }
  message.Link();
}

absl::Status SchemaReader::Resolve() {
  for (const Reference& reference : references_) {
    const auto found = by_alias_.find(reference.name);
    if (found == by_alias_.end()) {
      return absl::InvalidArgumentError(Concat("schema table: no message ", reference.name));
    }
    schema_.messages_[reference.message].fields[reference.field].message = found->second;
  }
  for (Message& message : schema_.messages_) Link(message);
  for (const KindReference& kind : kinds_) {
    const auto found = by_alias_.find(kind.name);
    if (found == by_alias_.end()) {
      return absl::InvalidArgumentError(Concat("schema table: no message ", kind.name));
    }
    if (kind.group_version.empty()) {
      schema_.options_[std::string(kind.kind)] = found->second;
    } else {
      schema_.kinds_.push_back({kind.group_version, kind.kind, found->second});
    }
  }
  return absl::OkStatus();
}

std::string SchemaReader::Absolute(std::string_view reference) const {
  if (reference.find('.') != std::string_view::npos) return std::string(reference);
  return Concat(alias_, '.', reference);
}

}  // namespace kvplane::api
