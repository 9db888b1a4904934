#include "apiserver/connect.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "api/schema.h"
#include "kinds/members.h"

namespace kvplane::apiserver {

namespace {

json::Value FromQuery(const api::Field& field, std::string_view text) {
  if (field.type == api::Type::kBool) return text == "true" || text == "1";
  if (field.type == api::Type::kInt32 || field.type == api::Type::kInt64) {
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  return json::ToBoost(text);
}

json::Object OptionsDocument(const Call& call) {
  const api::Subresource& subresource = *call.subresource;
  json::Object document{{"kind", json::ToBoost(subresource.kind)},
                        {"apiVersion", json::ToBoost(subresource.group_version)}};
  const api::Message* message =
      api::Schema::Kubernetes().FindMessage(subresource.group_version, subresource.kind);
  if (message == nullptr) return document;
  for (const auto& [name, text] : call.request.query) {
    const int slot = message->Find(name);
    if (slot == api::Message::kNotFound) continue;
    const api::Field& field = *message->slots[slot];
    json::Value value = FromQuery(field, text);
    if (field.shape != api::Shape::kList) {
      kinds::Set(document, name, std::move(value));
      continue;
    }
    json::Value& list = document[json::ToBoost(name)];
    if (!list.is_array()) list = json::Array();
    list.get_array().push_back(std::move(value));
  }
  return document;
}

}  // namespace

absl::Status AdmitConnect(registry::Registry& registry, Call& call) {
  json::Object document = OptionsDocument(call);
  registry::Attributes attributes;
  attributes.operation = registry::Operation::kConnect;
  attributes.kind = &call.kind();
  attributes.subresource = call.subresource->name;
  attributes.name_space = call.target.name_space;
  attributes.name = call.target.name;
  attributes.requester = call.requester();
  attributes.document_group_version = call.subresource->group_version;
  attributes.document_kind = call.subresource->kind;
  attributes.SetObject(&document);
  return registry.Admit(attributes);
}

}  // namespace kvplane::apiserver
