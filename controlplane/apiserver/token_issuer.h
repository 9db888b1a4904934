// TokenIssuer: makes service accounts' tokens, and says whose a token is: what the subresource
// "token" and TokenReview need of authentication.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/exchange.h"

namespace kvplane::apiserver {

struct ServiceAccountRef {
  std::string ns;
  std::string name;
  std::string uid;
};

// The object whose life the token is bound to.
struct BoundObject {
  std::string kind;  // "Pod", "Secret", "Node"; empty: none
  std::string name;
  std::string uid;
};

struct TokenWish {
  ServiceAccountRef account;
  std::vector<std::string> audiences;  // empty: the API server's
  int64_t lifetime_seconds = 3600;
  BoundObject bound;
};

struct IssuedToken {
  std::string token;
  int64_t expires = 0;  // seconds since 1970
  std::vector<std::string> audiences;
};

struct ReviewedToken {
  User user;
  std::vector<std::string> audiences;  // those of the wanted ones that the token is for
};

class TokenIssuer {
 public:
  virtual ~TokenIssuer() = default;
  virtual absl::StatusOr<IssuedToken> Issue(const TokenWish& wish) const = 0;
  // `audiences` empty: the API server's. kUnauthenticated where the token is nobody's.
  virtual absl::StatusOr<ReviewedToken> Review(std::string_view token,
                                               const std::vector<std::string>& audiences) const = 0;
};

}  // namespace kvplane::apiserver
