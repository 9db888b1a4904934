#include "auth/reviews.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/envelope.h"
#include "api/schema.h"
#include "auth/access_review.h"
#include "auth/members.h"
#include "auth/token_request.h"
#include "base/status.h"
#include "base/strings.h"
#include "registry/failure.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::Request;
using apiserver::RequestInfo;
using apiserver::Response;

constexpr std::string_view kAuthentication = "authentication.k8s.io";
constexpr std::string_view kAuthorization = "authorization.k8s.io";

struct Review {
  std::string_view group;
  std::string_view resource;
  std::string_view kind;
};
constexpr Review kReviews[] = {
    {kAuthorization, "subjectaccessreviews", "SubjectAccessReview"},
    {kAuthorization, "localsubjectaccessreviews", "LocalSubjectAccessReview"},
    {kAuthorization, "selfsubjectaccessreviews", "SelfSubjectAccessReview"},
    {kAuthorization, "selfsubjectrulesreviews", "SelfSubjectRulesReview"},
    {kAuthentication, "tokenreviews", "TokenReview"},
    {kAuthentication, "selfsubjectreviews", "SelfSubjectReview"},
};
constexpr Review kTokenRequest{kAuthentication, "serviceaccounts", "TokenRequest"};

const Review* Find(const RequestInfo& info) {
  if (!info.is_resource || info.verb != "create" || info.version != "v1") return nullptr;
  if (info.group.empty() && info.resource == "serviceaccounts" && info.subresource == "token") {
    return &kTokenRequest;
  }
  if (!info.subresource.empty() || !info.name.empty()) return nullptr;
  for (const Review& review : kReviews) {
    if (review.group == info.group && review.resource == info.resource) return &review;
  }
  return nullptr;
}

// What was sent, JSON or protobuf; an empty body asks nothing in particular.
absl::StatusOr<json::Object> ReadBody(const Request& request, const Review& review) {
  absl::StatusOr<json::Value> body = json::Value(json::Object());
  if (api::IsEnvelope(request.body)) {
    body = api::DecodeObject(api::Schema::Kubernetes(), request.body);
  } else if (!request.body.empty()) {
    body = api::ParseJson(request.body);
  }
  if (!body.ok() || !body->is_object()) {
    return registry::BadRequest(kvshim::base::Concat(
        "the body is no ", review.kind, ": ",
        body.ok() ? std::string("it is no object") : std::string(body.status().message())));
  }
  json::Object& object = body->get_object();
  const std::string kind = TextAt(object, "kind");
  if (!kind.empty() && kind != review.kind) {
    return registry::BadRequest(
        kvshim::base::Concat("the body is a ", kind, ", not a ", review.kind));
  }
  object["kind"] = json::ToBoost(review.kind);
  object["apiVersion"] = json::ToBoost(kvshim::base::Concat(review.group, "/v1"));
  return std::move(object);
}

json::Object TokenStatus(const Authenticator& authenticator, const json::Object& spec) {
  const auto reviewed = authenticator.Review(TextAt(spec, "token"), TextsAt(spec, "audiences"));
  if (!reviewed.ok()) {
    const std::string why(reviewed.status().message());
    return {{"user", json::Object()}, {"error", json::ToBoost(why)}};
  }
  json::Object status{{"authenticated", true}, {"user", UserDocument(reviewed->user)}};
  json::Array audiences;
  for (const std::string& audience : reviewed->audiences) {
    audiences.emplace_back(json::ToBoost(audience));
  }
  if (!audiences.empty()) status["audiences"] = std::move(audiences);
  return status;
}

absl::Status CheckSpec(const RequestInfo& info, const Review& review, const json::Object& spec) {
  if (review.group != kAuthorization || review.kind == "SelfSubjectRulesReview") {
    return absl::OkStatus();
  }
  const json::Object* resource = ObjectAt(spec, "resourceAttributes");
  const json::Object* path = ObjectAt(spec, "nonResourceAttributes");
  if ((resource == nullptr) == (path == nullptr)) {
    return registry::BadRequest(
        "spec needs exactly one of resourceAttributes and nonResourceAttributes");
  }
  if (review.kind == "LocalSubjectAccessReview" &&
      (resource == nullptr || TextAt(*resource, "namespace") != info.ns)) {
    return registry::BadRequest("spec.resourceAttributes.namespace must match the namespace");
  }
  return absl::OkStatus();
}

absl::StatusOr<json::Object> Answer(const ReviewParts& parts, const Request& request,
                                    const RequestInfo& info, const Review& review) {
  ASSIGN_OR_RETURN(json::Object document, ReadBody(request, review));
  if (&review == &kTokenRequest) {
    return AnswerTokenRequest(parts.registry, parts.tokens, request.user, info.ns, info.name,
                              std::move(document));
  }
  json::Object spec;
  if (const json::Object* given = ObjectAt(document, "spec")) spec = *given;
  RETURN_IF_ERROR(CheckSpec(info, review, spec));
  json::Object status;
  if (review.kind == "TokenReview") {
    status = TokenStatus(parts.authenticator, spec);
  } else if (review.kind == "SelfSubjectReview") {
    status["userInfo"] = UserDocument(request.user);
  } else if (review.kind == "SelfSubjectRulesReview") {
    status = ReviewRules(parts.authorizer, request.user, TextAt(spec, "namespace"));
  } else if (review.kind == "SelfSubjectAccessReview") {
    status = ReviewAccess(parts.authorizer, request.user, spec);
  } else {
    status = ReviewAccess(parts.authorizer, UserOfSpec(spec), spec);
  }
  document["status"] = std::move(status);
  return document;
}

}  // namespace

apiserver::Handler WithReviews(ReviewParts parts, apiserver::Handler next) {
  return [parts, next = std::move(next)](Request request, std::shared_ptr<Response> response) {
    const RequestInfo info = RequestInfo::Of(request);
    const Review* review = Find(info);
    if (review == nullptr) return next(std::move(request), std::move(response));
    const absl::StatusOr<json::Object> answer = Answer(parts, request, info, *review);
    const registry::Failure failure =
        answer.ok() ? registry::Failure{.code = 201} : registry::FailureOf(answer.status());
    response->Send(failure.code, {{"content-type", "application/json"}},
                   api::ToJson(answer.ok() ? *answer : registry::StatusObject(failure)) + "\n");
  };
}

}  // namespace kvplane::auth
