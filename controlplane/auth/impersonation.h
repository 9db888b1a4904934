// Impersonation: a user acts as another, where the roles let them "impersonate" each part of whom
// they name in the headers Impersonate-User, -Group, -Uid and -Extra-….
//
// Thread safety: pure but for the authorizer.
#pragma once

#include "apiserver/authorizer.h"
#include "apiserver/exchange.h"
#include "apiserver/refusal.h"

namespace kvplane::auth {

// Makes request.user whom the headers name, if they name somebody, and takes the headers away.
// False, with the answer in `refusal`, where that may not be.
bool Impersonate(const apiserver::Authorizer& authorizer, apiserver::Request& request,
                 bool& impersonated, apiserver::Refusal& refusal);

}  // namespace kvplane::auth
