#include "apiserver/body.h"

#include <string>
#include <utility>

#include "api/canonical.h"
#include "api/envelope.h"
#include "api/field_validation.h"
#include "api/schema.h"
#include "apiserver/yaml.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/defined_object.h"
#include "kinds/kind.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace {

using kvshim::base::Concat;
using kvshim::base::FromAbsl;

absl::Status UnsupportedMediaType() {
  return registry::MakeStatus(
      {415,
       "UnsupportedMediaType",
       "the body of the request was in an unknown format - accepted media types include: "
       "application/json, application/yaml, application/vnd.kubernetes.protobuf",
       {}});
}

struct Read {
  json::Object document;
  std::string text;  // its JSON; empty where it came in protobuf
};

absl::StatusOr<Read> ReadAny(const Call& call) {
  const std::string type = MediaType(call.request.Header("content-type"));
  const std::string& body = call.request.body;
  Read read;
  absl::StatusOr<json::Value> parsed;
  if (type == kProtobufType) {
    parsed = api::DecodeObject(api::Schema::Kubernetes(), body);
  } else if (type == kYamlType || type == "application/apply-patch+yaml") {
    parsed = ParseYaml(body);
    if (parsed.ok()) read.text = api::ToJson(*parsed);
  } else if (type.empty() || type == kJsonType || type == "*/*" || type == "text/plain") {
    parsed = api::ParseJson(body);
    read.text = body;
  } else {
    return UnsupportedMediaType();
  }
  if (!parsed.ok()) return registry::BadRequest(FromAbsl(parsed.status().message()));
  if (!parsed->is_object()) {
    return registry::BadRequest(
        "couldn't get version/kind; json parse error: the body is no object");
  }
  read.document = std::move(parsed->get_object());
  return read;
}

absl::Status Mismatch(std::string_view what, std::string_view given, std::string_view expected) {
  return registry::BadRequest(Concat("the ", what, " in the data (", given,
                                     ") does not match the expected ", what, " (", expected, ")"));
}

absl::Status CannotHandle(std::string_view group_version, std::string_view kind,
                          std::string_view why) {
  return registry::BadRequest(Concat(kind, " in version \"", kinds::VersionOf(group_version),
                                     "\" cannot be handled as a ", kind, ": ", why));
}

}  // namespace

absl::Status CheckFields(Call& call, std::string_view group_version, std::string_view kind,
                         std::string_view text) {
  const auto validation = api::ParseFieldValidation(call.Query("fieldValidation"));
  if (!validation.ok()) return registry::BadRequest(FromAbsl(validation.status().message()));
  if (*validation == api::FieldValidation::kIgnore || text.empty()) return absl::OkStatus();
  const api::Message* message = api::Schema::Kubernetes().FindMessage(group_version, kind);
  const bool defined = message == nullptr && call.kind().definition != nullptr;
  std::vector<std::string> faults =
      defined ? kinds::FindDefinedFaults(call.kind(), text) : api::FindFieldFaults(message, text);
  if (faults.empty()) return absl::OkStatus();
  if (*validation == api::FieldValidation::kStrict) {
    return CannotHandle(group_version, kind, api::StrictDecodingError(faults));
  }
  for (std::string& fault : faults) call.warnings.push_back(std::move(fault));
  return absl::OkStatus();
}

absl::StatusOr<json::Object> MakeTyped(std::string_view group_version, std::string_view kind,
                                       json::Object document) {
  const api::Message* message = api::Schema::Kubernetes().FindMessage(group_version, kind);
  if (message == nullptr) return document;
  auto canonical = api::Canonicalize(*message, json::Value(std::move(document)));
  if (!canonical.ok()) {
    return CannotHandle(group_version, kind, FromAbsl(canonical.status().message()));
  }
  return std::move(canonical->get_object());
}

namespace {

absl::StatusOr<json::Object> ReadChecked(Call& call, std::string_view group_version,
                                         std::string_view kind) {
  ASSIGN_OR_RETURN(Read read, ReadAny(call));
  const std::string_view given_version = kinds::Text(read.document, {"apiVersion"});
  const std::string_view given_kind = kinds::Text(read.document, {"kind"});
  if (!given_version.empty() && given_version != group_version) {
    return Mismatch("API version", given_version, group_version);
  }
  if (!given_kind.empty() && given_kind != kind) return Mismatch("kind", given_kind, kind);
  kinds::Set(read.document, "apiVersion", json::ToBoost(group_version));
  kinds::Set(read.document, "kind", json::ToBoost(kind));
  RETURN_IF_ERROR(CheckFields(call, group_version, kind, read.text));
  return std::move(read.document);
}

}  // namespace

absl::StatusOr<json::Object> ReadObject(Call& call, std::string_view group_version,
                                        std::string_view kind) {
  ASSIGN_OR_RETURN(json::Object document, ReadChecked(call, group_version, kind));
  return MakeTyped(group_version, kind, std::move(document));
}

absl::StatusOr<json::Object> ReadConfiguration(Call& call) {
  return ReadChecked(call, call.group_version(), call.served->resource->kind);
}

absl::StatusOr<json::Object> ReadObject(Call& call) {
  return ReadObject(call, call.group_version(), call.served->resource->kind);
}

absl::StatusOr<json::Object> ReadOptions(const Call& call) {
  if (call.request.body.empty()) return json::Object();
  ASSIGN_OR_RETURN(Read read, ReadAny(call));
  return std::move(read.document);
}

}  // namespace kvplane::apiserver
