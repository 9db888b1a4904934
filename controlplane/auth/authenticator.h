// Authenticator: who asks, told from a request's certificate, its token, or the word of a trusted
// proxy; system:anonymous for who shows nothing.
//
// Thread safety: immutable; every method may be called from any thread.
//
//   ASSIGN_OR_RETURN(auto authenticator, Authenticator::Make({.client_ca = …, .tokens = &tokens}));
//   ASSIGN_OR_RETURN(User user, authenticator->Authenticate(request));
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"
#include "apiserver/token_issuer.h"

namespace kvplane::auth {

struct AuthenticatorOptions {
  std::string client_ca;          // PEM
  std::string request_header_ca;  // PEM: of proxies that speak for others; empty: none
  const apiserver::TokenIssuer* tokens = nullptr;
  // Bearer tokens of fixed users, and passwords of Basic: "name:password".
  std::map<std::string, apiserver::User, std::less<>> fixed;
  // Asked last, for tokens of other kinds; may be empty.
  std::function<absl::StatusOr<apiserver::User>(std::string_view token)> other_tokens;
};

class Authenticator {
 public:
  static absl::StatusOr<std::unique_ptr<Authenticator>> Make(AuthenticatorOptions options);
  virtual ~Authenticator() = default;

  // kUnauthenticated where something was shown and is not taken.
  virtual absl::StatusOr<apiserver::User> Authenticate(const apiserver::Request& request) const = 0;

  // Whose a bearer token is, and for which of the audiences (none: the API server's) it is.
  virtual absl::StatusOr<apiserver::ReviewedToken> Review(
      std::string_view token, const std::vector<std::string>& audiences) const = 0;
};

inline constexpr std::string_view kAnonymous = "system:anonymous";

}  // namespace kvplane::auth
