// Guard: stands before the API: finds out who asks, lets them act as another where they may, and
// refuses what they may not.
//
// Thread safety: the handler may be called from any thread.
//
//   Handler guarded = Guard({.authenticate = …, .authorizer = rbac}, api_handler);
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "apiserver/refusal.h"
#include "auth/audit_log.h"

namespace kvplane::auth {

struct GuardParts {  // outlive the handler
  // Who asks; kUnauthenticated where what was shown is not taken.
  std::function<absl::StatusOr<apiserver::User>(const apiserver::Request&)> authenticate;
  const apiserver::Authorizer& authorizer;
  AuditLog* audit = nullptr;  // null: none
};

apiserver::Handler Guard(GuardParts parts, apiserver::Handler next);

// What Kubernetes says to who may not.
apiserver::Refusal Forbidden(const apiserver::User& user, const apiserver::RequestInfo& request,
                             const std::string& reason);

}  // namespace kvplane::auth
