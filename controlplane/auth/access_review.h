// What authorization's and authentication's reviews say, as documents.
//
// Thread safety: pure but for the authorizer.
#pragma once

#include <string_view>

#include "api/json.h"
#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "registry/user.h"

namespace kvplane::auth {

using registry::UserDocument;

// From a SubjectAccessReview's specification.
apiserver::User UserOfSpec(const api::json::Object& spec);

// The status of an access review: what `user` may, of what the specification asks.
api::json::Object ReviewAccess(const apiserver::Authorizer& authorizer, const apiserver::User& user,
                               const api::json::Object& spec);

// The status of a SelfSubjectRulesReview.
api::json::Object ReviewRules(const apiserver::Authorizer& authorizer, const apiserver::User& user,
                              const std::string& ns);

}  // namespace kvplane::auth
