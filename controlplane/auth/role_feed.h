// RoleFeed: keeps a RoleTable as the roles and bindings in the store are: all of them when it
// starts, every change from then on.
//
// Thread safety: Start once; then nothing but the destructor.
//
//   RoleFeed feed(registry, roles);
//   RETURN_IF_ERROR(feed.Start());
#pragma once

#include <set>

#include "absl/status/status.h"
#include "auth/follower.h"
#include "auth/role_table.h"
#include "kinds/kind.h"
#include "registry/registry.h"

namespace kvplane::auth {

class RoleFeed : private Follower::Listener {
 public:
  // Both must outlive the feed.
  RoleFeed(registry::Registry& registry, RoleTable& roles)
      : roles_(roles), follower_(registry, *this, "kp-roles") {}

  // The table is filled when it returns.
  absl::Status Start();

 private:
  void Put(const kinds::Kind& kind, const api::json::Object& document) override;
  void Remove(const kinds::Kind& kind, const api::json::Object& document) override;
  void KeepOnly(const kinds::Kind& kind, const std::set<Follower::Key>& named) override;

  RoleTable& roles_;
  Follower follower_;
};

}  // namespace kvplane::auth
