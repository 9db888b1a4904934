// Policies: the ValidatingAdmissionPolicies there are and their bindings, compiled anew only where
// they have changed.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   Policies policies(registry);
//   ASSIGN_OR_RETURN(const Policies::List all, policies.All());
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/policy.h"
#include "base/mutex.h"
#include "registry/registry.h"

namespace kvplane::admission {

class Policies {
 public:
  explicit Policies(registry::Registry& registry);

  struct Bound {
    std::shared_ptr<const Policy> policy;
    std::vector<std::shared_ptr<const PolicyBinding>> bindings;
  };
  // Those that are bound, by name.
  using List = std::shared_ptr<const std::vector<Bound>>;
  absl::StatusOr<List> All();
  // The same, where nobody minds that it cannot be told: to decide whether to look at a request.
  bool Any();

 private:
  using Objects = std::vector<registry::StoredObjectPtr>;

  registry::WatchCache& policies_;
  registry::WatchCache& bindings_;
  const std::string policy_prefix_;
  const std::string binding_prefix_;
  kvshim::base::Mutex mutex_;
  Objects read_policies_ GUARDED_BY(mutex_);
  Objects read_bindings_ GUARDED_BY(mutex_);
  // What was made of an object; the same object is the same policy.
  std::map<registry::StoredObjectPtr, std::shared_ptr<const Policy>> compiled_ GUARDED_BY(mutex_);
  List list_ GUARDED_BY(mutex_) = std::make_shared<const std::vector<Bound>>();
};

}  // namespace kvplane::admission
