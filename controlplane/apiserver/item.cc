#include "apiserver/item.h"

#include "apiserver/conversion.h"
#include "apiserver/metadata_form.h"
#include "base/strings.h"
#include "kinds/conversion.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;

std::string FormName(std::string_view encoding, const Call& call) {
  return Concat(encoding, call.wanted.form == Form::kMetadata ? " metadata " : " ",
                call.group_version());
}

}  // namespace

json::Object ItemDocument(const Call& call, const registry::StoredObject& object) {
  if (const std::string* converted = FindConverted(call, object)) {
    auto parsed = api::ParseJson(*converted);
    if (parsed.ok() && parsed->is_object()) {
      json::Object& document = parsed->get_object();
      return call.wanted.form == Form::kMetadata ? MetadataForm(document) : std::move(document);
    }
  }
  json::Object document = object.Parse();
  kinds::FromStored(call.kind(), call.group_version(), document);
  return call.wanted.form == Form::kMetadata ? MetadataForm(document) : document;
}

const std::string& ItemJson(const Call& call, const registry::StoredObject& object) {
  if (call.wanted.form == Form::kObject) {
    if (const std::string* converted = FindConverted(call, object)) return *converted;
  }
  const bool as_stored =
      call.wanted.form == Form::kObject && call.group_version() == call.kind().group_version;
  if (as_stored) return object.json();
  return object.Form(FormName("json", call), [&](const registry::StoredObject& one) {
    return api::ToJson(json::Value(ItemDocument(call, one)));
  });
}

const std::string& ItemProtobuf(const Call& call, const registry::StoredObject& object) {
  return object.Form(FormName("protobuf", call), [&](const registry::StoredObject& one) {
    return Encode(ItemDocument(call, one), Encoding::kProtobuf);
  });
}

}  // namespace kvplane::apiserver
