#include "auth/role_feed.h"

#include <string_view>

#include "auth/default_roles.h"
#include "base/status.h"

namespace kvplane::auth {
namespace {

constexpr std::string_view kGroupVersion = "rbac.authorization.k8s.io/v1";
constexpr std::string_view kKinds[] = {"clusterroles", "clusterrolebindings", "roles",
                                       "rolebindings"};

}  // namespace

absl::Status RoleFeed::Start() {
  for (const std::string_view plural : kKinds) {
    const kinds::Served* served = kinds::Kinds::BuiltIn().Find(kGroupVersion, plural);
    if (served == nullptr) return absl::InternalError("the schema knows no roles");
    RETURN_IF_ERROR(follower_.Follow(*served->kind));
  }
  return absl::OkStatus();
}

void RoleFeed::Put(const kinds::Kind& kind, const api::json::Object& document) {
  PutDocument(roles_, kind.name, document);
}

void RoleFeed::Remove(const kinds::Kind& kind, const api::json::Object& document) {
  RemoveDocument(roles_, kind.name, document);
}

void RoleFeed::KeepOnly(const kinds::Kind& kind, const std::set<Follower::Key>& named) {
  const auto scope = kind.namespaced ? RoleTable::Scope::kNamespaces : RoleTable::Scope::kCluster;
  if (kind.name.ends_with("Binding")) {
    roles_.KeepOnlyBindings(scope, named);
  } else {
    roles_.KeepOnlyRoles(scope, named);
  }
}

}  // namespace kvplane::auth
