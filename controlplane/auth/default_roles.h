// The roles and bindings that every cluster has from the start, as Kubernetes' documentation lists
// them: those of users, and those of the components.
//
// Thread safety: pure.
//
//   for (const json::Object& document : DefaultRoles()) …  // ClusterRole, ClusterRoleBinding, …
#pragma once

#include <string_view>
#include <vector>

#include "api/json.h"
#include "auth/role_table.h"

namespace kvplane::auth {

// Documents of rbac.authorization.k8s.io/v1: ClusterRoles, ClusterRoleBindings, Roles,
// RoleBindings, in an order in which they may be created.
std::vector<api::json::Object> DefaultRoles();

// Takes a document of that kind ("ClusterRoleBinding", …) into the table, or out of it.
void PutDocument(RoleTable& table, std::string_view kind, const api::json::Object& document);
void RemoveDocument(RoleTable& table, std::string_view kind, const api::json::Object& document);

}  // namespace kvplane::auth
