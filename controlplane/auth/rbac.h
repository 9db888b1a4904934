// Rbac: authorization by roles and their bindings. Who is in the group system:masters may do
// everything, whatever the roles say.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include "apiserver/authorizer.h"
#include "auth/role_table.h"

namespace kvplane::auth {

// Whether the rule grants what is asked for.
bool Covers(const Rule& rule, const apiserver::RequestInfo& request);

class Rbac : public apiserver::Authorizer {
 public:
  explicit Rbac(const RoleTable& roles) : roles_(roles) {}

  apiserver::Decision Authorize(const User& user,
                                const apiserver::RequestInfo& request) const override;
  std::vector<Rule> RulesOf(const User& user, const std::string& ns) const override;

 private:
  const RoleTable& roles_;
};

}  // namespace kvplane::auth
