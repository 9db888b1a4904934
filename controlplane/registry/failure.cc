#include "registry/failure.h"

#include <utility>

#include "absl/strings/cord.h"
#include "base/strings.h"

namespace kvplane::registry {

namespace {

using kvshim::base::Concat;
using kvshim::base::FromAbsl;
using kvshim::base::ToAbsl;

constexpr char kPayload[] = "kvplane/failure";

absl::StatusCode StatusCodeOf(int code) {
  switch (code) {
    case 400:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 503:
    case 504:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

Failure FromPlain(const absl::Status& status) {
  const std::string message(FromAbsl(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return {400, "BadRequest", message, {}};
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return {503, "ServiceUnavailable", message, {}};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, "Timeout", message, {}};
    default:
      return {500, "InternalError", Concat("Internal error occurred: ", message), {}};
  }
}

json::Object DetailsOf(const kinds::Kind& kind, std::string_view name) {
  json::Object details;
  if (!name.empty()) details["name"] = json::ToBoost(name);
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.plural;
  return details;
}

json::Object CausesOf(const kinds::Kind& kind, std::string_view name,
                      const kinds::FieldErrors& errors) {
  json::Object details = DetailsOf(kind, name);
  details["kind"] = kind.name;
  json::Array causes;
  for (const kinds::FieldError& error : errors) {
    causes.push_back(
        json::Object{{"reason", error.reason}, {"message", error.message}, {"field", error.field}});
  }
  details["causes"] = std::move(causes);
  return details;
}

// As Go prints an aggregate: each once, in brackets where there are several.
std::string Join(const kinds::FieldErrors& errors) {
  if (errors.size() == 1) return errors[0].ToString();
  std::string out = "[";
  for (size_t i = 0; i < errors.size(); ++i) {
    out.append(i == 0 ? "" : ", ").append(errors[i].ToString());
  }
  return out + "]";
}

}  // namespace

absl::Status MakeStatus(const Failure& failure) {
  absl::Status status(StatusCodeOf(failure.code), ToAbsl(failure.message));
  const json::Object payload{{"code", failure.code},
                             {"reason", failure.reason},
                             {"details", failure.details},
                             {"continue", failure.continue_token}};
  status.SetPayload(kPayload, absl::Cord(ToAbsl(api::ToJson(payload))));
  return status;
}

Failure FailureOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return FromPlain(status);
  const auto parsed = api::ParseJson(std::string(*payload));
  if (!parsed.ok() || !parsed->is_object()) return FromPlain(status);
  Failure failure;
  const json::Object& object = parsed->get_object();
  failure.code = static_cast<int>(object.at("code").get_int64());
  failure.reason = json::View(object.at("reason").get_string());
  failure.message = FromAbsl(status.message());
  failure.details = object.at("details").get_object();
  failure.continue_token = json::View(object.at("continue").get_string());
  return failure;
}

json::Object StatusObject(const Failure& failure) {
  json::Object status{{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::Object()},
                      {"status", "Failure"},
                      {"message", failure.message}};
  if (!failure.reason.empty()) status["reason"] = failure.reason;
  if (!failure.details.empty()) status["details"] = failure.details;
  if (!failure.continue_token.empty()) {
    status["metadata"] = json::Object{{"continue", failure.continue_token}};
  }
  status["code"] = failure.code;
  return status;
}

bool HasReason(const absl::Status& status, std::string_view reason) {
  return !status.ok() && FailureOf(status).reason == reason;
}

absl::Status NotFound(const kinds::Kind& kind, std::string_view name) {
  return MakeStatus({404, "NotFound", Concat(kind.Qualified(), " \"", name, "\" not found"),
                     DetailsOf(kind, name)});
}

absl::Status NoSuchResource() {
  return MakeStatus({404, "NotFound", "the server could not find the requested resource", {}});
}

absl::Status AlreadyExists(const kinds::Kind& kind, std::string_view name) {
  return MakeStatus({409, "AlreadyExists",
                     Concat(kind.Qualified(), " \"", name, "\" already exists"),
                     DetailsOf(kind, name)});
}

absl::Status Conflict(const kinds::Kind& kind, std::string_view name, std::string_view why) {
  return MakeStatus(
      {409, "Conflict",
       Concat("Operation cannot be fulfilled on ", kind.Qualified(), " \"", name, "\": ", why),
       DetailsOf(kind, name)});
}

absl::Status Stale(const kinds::Kind& kind, std::string_view name) {
  return Conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

absl::Status Invalid(const kinds::Kind& kind, std::string_view name,
                     const kinds::FieldErrors& errors) {
  return MakeStatus({422, "Invalid",
                     Concat(kind.QualifiedKind(), " \"", name, "\" is invalid: ", Join(errors)),
                     CausesOf(kind, name, errors)});
}

absl::Status Forbidden(const kinds::Kind& kind, std::string_view name, std::string_view why) {
  return MakeStatus({403, "Forbidden",
                     Concat(kind.Qualified(), " \"", name, "\" is forbidden: ", why),
                     DetailsOf(kind, name)});
}

absl::Status BadRequest(std::string_view message) {
  return MakeStatus({400, "BadRequest", std::string(message), {}});
}

absl::Status Expired(std::string_view message) {
  return MakeStatus({410, "Expired", std::string(message), {}});
}

absl::Status TooLargeResourceVersion(int64_t asked, int64_t current) {
  json::Object details;
  details["causes"] = json::Array{json::Object{{"reason", "ResourceVersionTooLarge"},
                                               {"message", "Too large resource version"}}};
  details["retryAfterSeconds"] = 1;
  return MakeStatus({504, "Timeout",
                     Concat("Too large resource version: ", asked, ", current: ", current),
                     std::move(details)});
}

absl::Status MethodNotSupported(std::string_view qualified_resource, std::string_view action) {
  json::Object details;
  details["kind"] = json::ToBoost(qualified_resource);
  return MakeStatus(
      {405, "MethodNotAllowed",
       Concat(action, " is not supported on resources of kind \"", qualified_resource, "\""),
       std::move(details)});
}

absl::Status InternalError(std::string_view message) {
  return MakeStatus({500, "InternalError", Concat("Internal error occurred: ", message), {}});
}

}  // namespace kvplane::registry
