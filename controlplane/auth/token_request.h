// TokenRequest: a token for a service account, bound to it and, where asked, to a pod, a secret or
// a node.
//
// Thread safety: may be called from any thread that may wait for the store.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "apiserver/exchange.h"
#include "apiserver/token_issuer.h"
#include "registry/registry.h"

namespace kvplane::auth {

// `request` of `user` with its status. Failures are those of registry/failure.h.
absl::StatusOr<api::json::Object> AnswerTokenRequest(
    registry::Registry& registry, const apiserver::TokenIssuer& tokens, const apiserver::User& user,
    const std::string& ns, const std::string& account, api::json::Object request);

// Whether the account, and what a token is bound to, are still those that they were.
bool IsAlive(registry::Registry& registry, const apiserver::ServiceAccountRef& account,
             const apiserver::BoundObject& bound);

}  // namespace kvplane::auth
