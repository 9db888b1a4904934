#include "auth/guard.h"

#include <utility>
#include <vector>

#include "auth/impersonation.h"
#include "base/logger.h"
#include "base/strings.h"

namespace kvplane::auth {
namespace {

using apiserver::Decision;
using apiserver::Refusal;
using apiserver::Request;
using apiserver::RequestInfo;
using apiserver::Response;
using apiserver::User;
using kvshim::base::Concat;

void RefuseUnknown(Response& response, const Request& request, const absl::Status& why) {
  kvshim::base::Log(kvshim::base::Level::kDebug, "a client is not known",
                    {{"peer", request.peer}, {"why", std::string(why.message())}});
  apiserver::Refuse(response, {.code = 401, .reason = "Unauthorized", .message = "Unauthorized"});
}

}  // namespace

Refusal Forbidden(const User& user, const RequestInfo& request, const std::string& reason) {
  Refusal refusal{.code = 403, .reason = "Forbidden"};
  std::string what;
  if (request.is_resource) {
    refusal.name = request.name;
    refusal.group = request.group;
    refusal.resource = request.resource;
    const std::string subresource =
        request.subresource.empty() ? "" : Concat("/", request.subresource);
    what = Concat(request.resource, request.group.empty() ? "" : ".", request.group,
                  request.name.empty() ? "" : Concat(" \"", request.name, "\""),
                  " is forbidden: User \"", user.name, "\" cannot ", request.verb, " resource \"",
                  request.resource, subresource, "\" in API group \"", request.group, "\"",
                  request.ns.empty() ? std::string(" at the cluster scope")
                                     : Concat(" in the namespace \"", request.ns, "\""));
  } else {
    what = Concat("forbidden: User \"", user.name, "\" cannot ", request.verb, " path \"",
                  request.path, "\"");
  }
  refusal.message = reason.empty() ? what : Concat(what, ": ", reason);
  return refusal;
}

apiserver::Handler Guard(GuardParts parts, apiserver::Handler next) {
  return [parts, next = std::move(next)](Request request, std::shared_ptr<Response> response) {
    const auto notes = std::make_shared<AuditLog::Notes>();
    absl::StatusOr<User> user = parts.authenticate(request);
    if (user.ok()) notes->user = *user;
    if (parts.audit != nullptr) {
      request.annotations = notes->annotations;
      response = parts.audit->Follow(request, notes, std::move(response));
    }
    if (!user.ok()) return RefuseUnknown(*response, request, user.status());
    request.user = *std::move(user);
    Refusal refusal;
    bool impersonated = false;
    if (!Impersonate(parts.authorizer, request, impersonated, refusal)) {
      return apiserver::Refuse(*response, refusal);
    }
    if (impersonated) notes->impersonated = request.user;
    const RequestInfo info = RequestInfo::Of(request);
    const Decision decision = parts.authorizer.Authorize(request.user, info);
    notes->decision = decision.allowed ? "allow" : "forbid";
    notes->reason = decision.reason;
    if (!decision.allowed) {
      return apiserver::Refuse(*response, Forbidden(request.user, info, decision.reason));
    }
    next(std::move(request), std::move(response));
  };
}

}  // namespace kvplane::auth
