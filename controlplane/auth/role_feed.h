// RoleFeed: keeps a RoleTable as the roles and bindings in the store are: all of them when it
// starts, every change from then on.
//
// Thread safety: Start once; then nothing but the destructor.
//
//   RoleFeed feed(registry, roles);
//   RETURN_IF_ERROR(feed.Start());
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "auth/role_table.h"
#include "base/executor.h"
#include "kinds/kind.h"
#include "registry/registry.h"
#include "registry/watcher.h"

namespace kvplane::auth {

class RoleFeed {
 public:
  // Both must outlive the feed.
  RoleFeed(registry::Registry& registry, RoleTable& roles);
  ~RoleFeed();

  // The table is filled when it returns.
  absl::Status Start();

 private:
  class Listener;

  absl::Status Follow(const kinds::Kind& kind);
  // The watch ended: the store's history was compacted before it had been read.
  void FollowAgain(const kinds::Kind& kind);

  registry::Registry& registry_;
  RoleTable& roles_;
  kvshim::base::Mutex mutex_;
  std::vector<std::pair<const kinds::Kind*, std::shared_ptr<registry::Watcher>>> watchers_
      GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  kvshim::base::Executor executor_{{.name = "kp-roles"}};
};

}  // namespace kvplane::auth
