#include "apiserver/patch.h"

#include <utility>

#include "api/json_patch.h"
#include "api/merge_patch.h"
#include "api/strategic_merge_patch.h"
#include "apiserver/negotiation.h"
#include "base/status.h"
#include "base/strings.h"
#include "registry/failure.h"

namespace kvplane::apiserver {

namespace json = api::json;
using kvshim::base::Concat;
using kvshim::base::FromAbsl;

namespace {

absl::Status Unsupported(const api::Message* message) {
  return registry::MakeStatus(
      {415,
       "UnsupportedMediaType",
       Concat("the body of the request was in an unknown format - accepted media types include: "
              "application/json-patch+json, application/merge-patch+json, ",
              message == nullptr ? "" : "application/strategic-merge-patch+json, ",
              "application/apply-patch+yaml"),
       {}});
}

absl::Status Unprocessable(std::string_view why) {
  return registry::MakeStatus(
      {422,
       "Invalid",
       Concat("the server rejected our request due to an error in our request: ", why),
       {}});
}

}  // namespace

absl::StatusOr<DocumentPatch> DocumentPatch::Read(std::string_view content_type,
                                                  std::string_view body,
                                                  const api::Message* message) {
  DocumentPatch patch;
  patch.message_ = message;
  const std::string type = MediaType(content_type);
  if (type == "application/json-patch+json") {
    patch.type_ = Type::kJson;
  } else if (type == "application/merge-patch+json") {
    patch.type_ = Type::kMerge;
  } else if (type == "application/strategic-merge-patch+json" && message != nullptr) {
    patch.type_ = Type::kStrategic;
  } else {
    return Unsupported(message);
  }
  auto parsed = api::ParseJson(body);
  if (!parsed.ok()) {
    return registry::BadRequest(
        Concat("error decoding patch: ", FromAbsl(parsed.status().message())));
  }
  if (patch.type_ != Type::kJson && !parsed->is_object()) {
    return registry::BadRequest("error decoding patch: it is no object");
  }
  patch.body_ = *std::move(parsed);
  return patch;
}

absl::StatusOr<json::Object> DocumentPatch::Apply(const json::Object& current) const {
  json::Value document = current;
  absl::StatusOr<json::Value> patched;
  switch (type_) {
    case Type::kJson:
      patched = api::ApplyJsonPatch(std::move(document), body_);
      break;
    case Type::kMerge:
      api::MergePatch(document, body_);
      patched = std::move(document);
      break;
    case Type::kStrategic:
      patched = api::StrategicMergePatch(*message_, std::move(document), body_);
      break;
  }
  if (patched.status().code() == absl::StatusCode::kFailedPrecondition) {
    return Unprocessable(FromAbsl(patched.status().message()));
  }
  if (!patched.ok()) return registry::BadRequest(FromAbsl(patched.status().message()));
  if (!patched->is_object()) return Unprocessable("the patched document is no object");
  return std::move(patched->get_object());
}

}  // namespace kvplane::apiserver
