// Jwt: JSON Web Tokens signed with ES256 (ECDSA on P-256 with SHA-256), and keys as JWKS has them.
//
// Thread safety: immutable once made; every method may be called from any thread.
//
//   ASSIGN_OR_RETURN(JwtKey key, JwtKey::FromPem(pem));
//   std::string token = *key.Sign(claims);
//   ASSIGN_OR_RETURN(json::Object claims, key.Verify(token));
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::auth {

class JwtKey {
 public:
  // A P-256 private key.
  static absl::StatusOr<JwtKey> FromPem(std::string_view pem);

  absl::StatusOr<std::string> Sign(const api::json::Object& claims) const;

  // The claims of a token that this key has signed. kUnauthenticated for every other text.
  absl::StatusOr<api::json::Object> Verify(std::string_view token) const;

  // The public half: {"kty":"EC","crv":"P-256",…}.
  const api::json::Object& PublicJwk() const;
  // Names the key in tokens and in JWKS.
  const std::string& id() const;
  // PEM, "PUBLIC KEY".
  const std::string& public_pem() const;

 private:
  struct Rep;
  explicit JwtKey(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
  std::shared_ptr<const Rep> rep_;
};

// Base64 for URLs, without padding.
std::string EncodeBase64Url(std::string_view bytes);
absl::StatusOr<std::string> DecodeBase64Url(std::string_view text);

}  // namespace kvplane::auth
