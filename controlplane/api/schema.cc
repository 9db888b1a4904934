#include "api/schema.h"

#include "api/schema_reader.h"
#include "api/schema_text.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

std::string Key(std::string_view group_version, std::string_view name) {
  return kvshim::base::Concat(group_version, ' ', name);
}

template <typename Map>
typename Map::mapped_type FindOrNull(const Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

const Schema& Schema::Kubernetes() {
  static const Schema* const schema = [] {
    auto parsed = Parse(KubernetesSchemaText(), ResourceNamesText());
    return std::move(parsed).value().release();
  }();
  return *schema;
}

absl::StatusOr<std::unique_ptr<const Schema>> Schema::Parse(std::string_view table,
                                                            std::string_view names) {
  auto schema = std::unique_ptr<Schema>(new Schema());
  SchemaReader reader(*schema);
  if (absl::Status read = reader.Read(table, names); !read.ok()) return read;
  for (const Kind& kind : schema->kinds_) {
    schema->by_kind_[Key(kind.group_version, kind.kind)] = kind.message;
  }
  for (const Message& message : schema->messages_) {
    schema->by_name_[message.FullName()] = &message;
  }
  for (Resource& resource : schema->resources_) {
    schema->by_plural_[Key(resource.group_version, resource.plural)] = &resource;
    resource.message = schema->FindMessage(resource.group_version, resource.kind);
  }
  return schema;
}

const Message* Schema::FindMessage(std::string_view group_version, std::string_view kind) const {
  const Message* found = FindOrNull(by_kind_, Key(group_version, kind));
  return found != nullptr ? found : FindOrNull(options_, std::string(kind));
}

const Message* Schema::FindMessageByName(std::string_view full_name) const {
  return FindOrNull(by_name_, std::string(full_name));
}

const Resource* Schema::FindResource(std::string_view group_version,
                                     std::string_view plural) const {
  return FindOrNull(by_plural_, Key(group_version, plural));
}

}  // namespace kvplane::api
