#include "auth/token_request.h"

#include <string_view>
#include <utility>

#include "api/timestamp.h"
#include "auth/members.h"
#include "base/status.h"
#include "base/strings.h"
#include "kinds/kind.h"
#include "registry/failure.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::BoundObject;
using apiserver::IssuedToken;
using apiserver::TokenWish;
using kvshim::base::Concat;

constexpr int64_t kDefaultSeconds = 3600;
constexpr int64_t kLeastSeconds = 600;
constexpr int64_t kMostSeconds = int64_t{1} << 32;

const kinds::Kind& AccountKind() {
  return *kinds::Kinds::BuiltIn().Find("v1", "serviceaccounts")->kind;
}

absl::StatusOr<json::Object> ReadBound(registry::Registry& registry, const std::string& ns,
                                       const BoundObject& bound) {
  const kinds::Served* served = kinds::Kinds::BuiltIn().FindKind("v1", bound.kind);
  const bool may_be = bound.kind == "Pod" || bound.kind == "Secret" || bound.kind == "Node";
  if (served == nullptr || !may_be) {
    return registry::BadRequest(
        Concat("cannot bind token for serviceaccount to object kind \"", bound.kind, "\""));
  }
  return registry.Get(*served->kind, served->kind->namespaced ? ns : "", bound.name);
}

absl::Status Bind(registry::Registry& registry, const json::Object& reference, TokenWish& wish) {
  wish.bound = {.kind = TextAt(reference, "kind"),
                .name = TextAt(reference, "name"),
                .uid = TextAt(reference, "uid")};
  ASSIGN_OR_RETURN(const json::Object object, ReadBound(registry, wish.account.ns, wish.bound));
  const std::string uid = TextAt(object, "metadata", "uid");
  if (!wish.bound.uid.empty() && wish.bound.uid != uid) {
    return registry::MakeStatus(
        {.code = 409,
         .reason = "Conflict",
         .message = Concat("the UID in the bound object reference (", wish.bound.uid,
                           ") does not match the UID in record. The object might have been "
                           "deleted and then recreated")});
  }
  wish.bound.uid = uid;
  return absl::OkStatus();
}

absl::Status TakeLifetime(const json::Object& spec, const std::string& account, TokenWish& wish) {
  const int64_t seconds = NumberAt(spec, "expirationSeconds");
  wish.lifetime_seconds = seconds == 0 ? kDefaultSeconds : seconds;
  std::string_view fault;
  if (wish.lifetime_seconds < kLeastSeconds) {
    fault = "may not specify a duration less than 10 minutes";
  } else if (wish.lifetime_seconds > kMostSeconds) {
    fault = "may not specify a duration larger than 2^32 seconds";
  }
  if (fault.empty()) return absl::OkStatus();
  return registry::MakeStatus(
      {.code = 422,
       .reason = "Invalid",
       .message =
           Concat("TokenRequest.authentication.k8s.io \"", account,
                  "\" is invalid: spec.expirationSeconds: Invalid value: ", seconds, ": ", fault)});
}

absl::Status Admit(registry::Registry& registry, const apiserver::User& user, const std::string& ns,
                   const std::string& account, json::Object& request) {
  registry::Attributes attributes;
  attributes.kind = &AccountKind();
  attributes.subresource = "token";
  attributes.name_space = ns;
  attributes.name = account;
  attributes.requester.user = &user;
  attributes.document_group_version = "authentication.k8s.io/v1";
  attributes.document_kind = "TokenRequest";
  attributes.SetObject(&request);
  return registry.Admit(attributes);
}

}  // namespace

absl::StatusOr<json::Object> AnswerTokenRequest(registry::Registry& registry,
                                                const apiserver::TokenIssuer& tokens,
                                                const apiserver::User& user, const std::string& ns,
                                                const std::string& account, json::Object request) {
  RETURN_IF_ERROR(Admit(registry, user, ns, account, request));
  ASSIGN_OR_RETURN(const json::Object held, registry.Get(AccountKind(), ns, account));
  TokenWish wish{.account = {.ns = ns, .name = account, .uid = TextAt(held, "metadata", "uid")}};
  json::Object spec;
  if (const json::Object* given = ObjectAt(request, "spec")) spec = *given;
  wish.audiences = TextsAt(spec, "audiences");
  RETURN_IF_ERROR(TakeLifetime(spec, account, wish));
  if (const json::Object* reference = ObjectAt(spec, "boundObjectRef")) {
    RETURN_IF_ERROR(Bind(registry, *reference, wish));
  }
  ASSIGN_OR_RETURN(const IssuedToken issued, tokens.Issue(wish));
  json::Array audiences;
  for (const std::string& audience : issued.audiences) {
    audiences.emplace_back(json::ToBoost(audience));
  }
  spec["audiences"] = std::move(audiences);
  spec["expirationSeconds"] = wish.lifetime_seconds;
  request["spec"] = std::move(spec);
  request["metadata"] =
      json::Object{{"name", json::ToBoost(account)}, {"namespace", json::ToBoost(ns)}};
  request["status"] = json::Object{
      {"token", json::ToBoost(issued.token)},
      {"expirationTimestamp", json::ToBoost(api::FormatTime({.seconds = issued.expires}))}};
  return request;
}

bool IsAlive(registry::Registry& registry, const apiserver::ServiceAccountRef& account,
             const BoundObject& bound) {
  const auto held = registry.Get(AccountKind(), account.ns, account.name);
  if (!held.ok() || TextAt(*held, "metadata", "uid") != account.uid) return false;
  if (bound.kind.empty()) return true;
  const auto object = ReadBound(registry, account.ns, bound);
  return object.ok() && TextAt(*object, "metadata", "uid") == bound.uid;
}

}  // namespace kvplane::auth
