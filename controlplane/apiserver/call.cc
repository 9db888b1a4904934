#include "apiserver/call.h"

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/schema.h"
#include "apiserver/conversion.h"
#include "apiserver/metadata_form.h"
#include "apiserver/table.h"
#include "apiserver/yaml.h"
#include "base/status.h"
#include "kinds/conversion.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

std::string Encode(const json::Object& document, Encoding encoding) {
  if (encoding == Encoding::kYaml) return ToYaml(json::Value(document));
  if (encoding == Encoding::kJson) return api::ToJson(json::Value(document)) + "\n";
  const api::Schema& schema = api::Schema::Kubernetes();
  const api::Message* message =
      schema.FindMessage(kinds::Text(document, {"apiVersion"}), kinds::Text(document, {"kind"}));
  if (message != nullptr) {
    auto canonical = api::Canonicalize(*message, json::Value(document));
    if (canonical.ok()) {
      auto bytes = api::EncodeObject(schema, canonical->get_object());
      if (bytes.ok()) return *std::move(bytes);
    }
  }
  return api::ToJson(json::Value(document)) + "\n";
}

Answer AnswerDocument(const Call& call, const json::Object& document, int status) {
  Answer answer{.status = status, .body = Encode(document, call.wanted.encoding)};
  const bool fell_back =
      call.wanted.encoding == Encoding::kProtobuf && !api::IsEnvelope(answer.body);
  if (!fell_back) answer.content_type = call.wanted.content_type();
  return answer;
}

absl::StatusOr<Answer> AnswerObject(const Call& call, json::Object object, int status) {
  if (call.wanted.form != Form::kMetadata) RETURN_IF_ERROR(ConvertFromStored(call, object));
  if (call.wanted.form == Form::kTable) {
    return AnswerDocument(call, TableOf(call, {std::move(object)}), status);
  }
  kinds::FromStored(call.kind(), call.group_version(), object);
  if (call.wanted.form == Form::kMetadata) {
    return AnswerDocument(call, MetadataForm(object), status);
  }
  const api::Message* message = call.served->resource->message;
  if (message != nullptr) {
    ASSIGN_OR_RETURN(json::Value canonical,
                     api::Canonicalize(*message, json::Value(std::move(object))));
    object = std::move(canonical.get_object());
  }
  return AnswerDocument(call, object, status);
}

Answer AnswerFailure(const absl::Status& failure, Encoding encoding) {
  const registry::Failure what = registry::FailureOf(failure);
  Answer answer{.status = what.code, .body = Encode(registry::StatusObject(what), encoding)};
  if (encoding == Encoding::kProtobuf) answer.content_type = kProtobufType;
  if (encoding == Encoding::kYaml) answer.content_type = kYamlType;
  return answer;
}

json::Object SuccessStatus(const kinds::Kind& kind, const json::Object& object) {
  json::Object details{{"name", json::ToBoost(kinds::Text(object, {"metadata", "name"}))}};
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.plural;
  details["uid"] = json::ToBoost(kinds::Text(object, {"metadata", "uid"}));
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::Object()},
          {"status", "Success"},
          {"details", details}};
}

}  // namespace kvplane::apiserver
