// Reviews: the questions that the API answers about who may do what, and whose a token is; and the
// requests for a service account's token. Nothing of them is stored.
//
//   authorization.k8s.io/v1   SubjectAccessReview, Local-, Self-, SelfSubjectRulesReview
//   authentication.k8s.io/v1  TokenReview, SelfSubjectReview
//   serviceaccounts/NAME/token  TokenRequest
//
// Thread safety: the handler may be called from any thread that may wait for the store.
#pragma once

#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "apiserver/token_issuer.h"
#include "auth/authenticator.h"
#include "registry/registry.h"

namespace kvplane::auth {

struct ReviewParts {  // outlive the handler
  const Authenticator& authenticator;
  const apiserver::Authorizer& authorizer;
  const apiserver::TokenIssuer& tokens;
  registry::Registry& registry;
};

// Answers those; all else goes to `next`.
apiserver::Handler WithReviews(ReviewParts parts, apiserver::Handler next);

}  // namespace kvplane::auth
