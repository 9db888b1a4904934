// Guard: stands before the API: finds out who asks, lets them act as another where they may, and
// refuses what they may not.
//
// Thread safety: the handler may be called from any thread.
//
//   Handler guarded = Guard({.authenticator = *authenticator, .authorizer = rbac}, api_handler);
#pragma once

#include <string>

#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "apiserver/refusal.h"
#include "auth/audit_log.h"
#include "auth/authenticator.h"

namespace kvplane::auth {

struct GuardParts {  // outlive the handler
  const Authenticator& authenticator;
  const apiserver::Authorizer& authorizer;
  AuditLog* audit = nullptr;  // null: none
};

apiserver::Handler Guard(GuardParts parts, apiserver::Handler next);

// What Kubernetes says to who may not.
apiserver::Refusal Forbidden(const apiserver::User& user, const apiserver::RequestInfo& request,
                             const std::string& reason);

}  // namespace kvplane::auth
