// ServiceAccountTokens: JSON Web Tokens of service accounts, and the documents from which others
// learn to verify them.
//
// Thread safety: immutable; every method may be called from any thread.
//
//   ServiceAccountTokens tokens({.key = key, .issuer = "https://kubernetes.default.svc…"});
//   ASSIGN_OR_RETURN(IssuedToken issued, tokens.Issue({.account = {"web", "shop", uid}}));
//   tokens.Review(issued.token, {})->user.name == "system:serviceaccount:web:shop"
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "apiserver/token_issuer.h"
#include "auth/jwt.h"

namespace kvplane::auth {

struct ServiceAccountTokenOptions {
  JwtKey key;
  std::string issuer;            // also the audience of the API server
  std::function<int64_t()> now;  // seconds since 1970; empty: the machine's clock
  // Whether the account, and what the token is bound to, are still there. Empty: not asked.
  std::function<bool(const apiserver::ServiceAccountRef&, const apiserver::BoundObject&)> exists;
};

class ServiceAccountTokens : public apiserver::TokenIssuer {
 public:
  explicit ServiceAccountTokens(ServiceAccountTokenOptions options);

  absl::StatusOr<apiserver::IssuedToken> Issue(const apiserver::TokenWish& wish) const override;
  absl::StatusOr<apiserver::ReviewedToken> Review(
      std::string_view token, const std::vector<std::string>& audiences) const override;

  // /.well-known/openid-configuration and /openid/v1/jwks.
  std::string DiscoveryDocument() const;
  std::string Jwks() const;

 private:
  const ServiceAccountTokenOptions options_;
};

}  // namespace kvplane::auth
