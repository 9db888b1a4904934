#include "auth/service_account_tokens.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "auth/identifier.h"
#include "auth/members.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

namespace json = api::json;
using apiserver::BoundObject;
using apiserver::IssuedToken;
using apiserver::ReviewedToken;
using apiserver::ServiceAccountRef;
using apiserver::TokenWish;
using apiserver::User;
using kvshim::base::Concat;

constexpr std::string_view kClaims = "kubernetes.io";
constexpr std::string_view kExtra = "authentication.kubernetes.io/";
constexpr int64_t kClockDifference = 60;  // seconds between servers' clocks that do no harm

absl::Status Invalid(std::string_view why) { return absl::UnauthenticatedError(Concat(why)); }

json::Object Part(const json::Object& object, std::string_view name) {
  const json::Value* member = json::Find(object, name);
  return member != nullptr && member->is_object() ? member->get_object() : json::Object();
}

json::Object Reference(const std::string& name, const std::string& uid) {
  return {{"name", json::ToBoost(name)}, {"uid", json::ToBoost(uid)}};
}

// "aud" is one text or a list of them.
std::vector<std::string> Audiences(const json::Object& claims) {
  std::vector<std::string> audiences;
  const json::Value* member = json::Find(claims, "aud");
  if (member == nullptr) return audiences;
  if (member->is_string()) audiences.emplace_back(json::View(member->get_string()));
  if (member->is_array()) {
    for (const json::Value& value : member->get_array()) {
      if (value.is_string()) audiences.emplace_back(json::View(value.get_string()));
    }
  }
  return audiences;
}

std::string LowerKind(const std::string& kind) {
  std::string lower = kind;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

BoundObject BoundTo(const json::Object& own) {
  for (const std::string_view kind : {"Pod", "Secret", "Node"}) {
    const json::Object reference = Part(own, LowerKind(std::string(kind)));
    if (reference.empty()) continue;
    return {.kind = std::string(kind),
            .name = TextAt(reference, "name"),
            .uid = TextAt(reference, "uid")};
  }
  return {};
}

User UserOf(const ServiceAccountRef& account, const BoundObject& bound, const std::string& id) {
  User user{.name = Concat("system:serviceaccount:", account.ns, ":", account.name),
            .uid = account.uid,
            .groups = {"system:serviceaccounts", Concat("system:serviceaccounts:", account.ns)}};
  if (!id.empty()) user.extra[Concat(kExtra, "credential-id")] = {Concat("JTI=", id)};
  if (bound.kind == "Pod" || bound.kind == "Node") {
    user.extra[Concat(kExtra, LowerKind(bound.kind), "-name")] = {bound.name};
    user.extra[Concat(kExtra, LowerKind(bound.kind), "-uid")] = {bound.uid};
  }
  return user;
}

}  // namespace

ServiceAccountTokens::ServiceAccountTokens(ServiceAccountTokenOptions options)
    : options_([&options] {
        if (!options.now) options.now = [] { return static_cast<int64_t>(std::time(nullptr)); };
        return std::move(options);
      }()) {}

absl::StatusOr<IssuedToken> ServiceAccountTokens::Issue(const TokenWish& wish) const {
  const int64_t now = options_.now();
  IssuedToken issued{.expires = now + wish.lifetime_seconds, .audiences = wish.audiences};
  if (issued.audiences.empty()) issued.audiences = {options_.issuer};
  json::Array audiences;
  for (const std::string& audience : issued.audiences) {
    audiences.emplace_back(json::ToBoost(audience));
  }
  json::Object own{{"namespace", json::ToBoost(wish.account.ns)}};
  if (!wish.bound.kind.empty()) {
    own[LowerKind(wish.bound.kind)] = Reference(wish.bound.name, wish.bound.uid);
  }
  own["serviceaccount"] = Reference(wish.account.name, wish.account.uid);
  json::Object claims{{"aud", std::move(audiences)},
                      {"exp", issued.expires},
                      {"iat", now},
                      {"iss", json::ToBoost(options_.issuer)},
                      {"jti", json::ToBoost(RandomIdentifier())},
                      {json::ToBoost(kClaims), std::move(own)},
                      {"nbf", now},
                      {"sub", json::ToBoost(Concat("system:serviceaccount:", wish.account.ns, ":",
                                                   wish.account.name))}};
  ASSIGN_OR_RETURN(issued.token, options_.key.Sign(claims));
  return issued;
}

absl::StatusOr<ReviewedToken> ServiceAccountTokens::Review(
    std::string_view token, const std::vector<std::string>& audiences) const {
  ASSIGN_OR_RETURN(const json::Object claims, options_.key.Verify(token));
  if (TextAt(claims, "iss") != options_.issuer) return Invalid("the token is of another issuer");
  const int64_t now = options_.now();
  if (now >= NumberAt(claims, "exp")) return Invalid("service account token has expired");
  if (now + kClockDifference < NumberAt(claims, "nbf"))
    return Invalid("the token is not valid yet");
  ReviewedToken reviewed;
  const std::vector<std::string> own{options_.issuer};
  const std::vector<std::string> held = Audiences(claims);
  for (const std::string& wanted : audiences.empty() ? own : audiences) {
    if (std::find(held.begin(), held.end(), wanted) != held.end()) {
      reviewed.audiences.push_back(wanted);
    }
  }
  if (reviewed.audiences.empty()) return Invalid("the token is for another audience");
  const json::Object kubernetes = Part(claims, kClaims);
  const json::Object reference = Part(kubernetes, "serviceaccount");
  const ServiceAccountRef account{.ns = TextAt(kubernetes, "namespace"),
                                  .name = TextAt(reference, "name"),
                                  .uid = TextAt(reference, "uid")};
  if (account.ns.empty() || account.name.empty()) return Invalid("the token names no account");
  const BoundObject bound = BoundTo(kubernetes);
  if (options_.exists && !options_.exists(account, bound)) {
    return Invalid("the token's service account, or what the token is bound to, is gone");
  }
  reviewed.user = UserOf(account, bound, TextAt(claims, "jti"));
  return reviewed;
}

std::string ServiceAccountTokens::DiscoveryDocument() const {
  return api::ToJson(
      json::Object{{"issuer", json::ToBoost(options_.issuer)},
                   {"jwks_uri", json::ToBoost(Concat(options_.issuer, "/openid/v1/jwks"))},
                   {"response_types_supported", json::Array{"id_token"}},
                   {"subject_types_supported", json::Array{"public"}},
                   {"id_token_signing_alg_values_supported", json::Array{"ES256"}}});
}

std::string ServiceAccountTokens::Jwks() const {
  return api::ToJson(json::Object{{"keys", json::Array{options_.key.PublicJwk()}}});
}

}  // namespace kvplane::auth
