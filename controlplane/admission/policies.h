// Policies: the admission policies of one kind and their bindings, compiled anew only where they
// have changed; and the parameters that a binding names.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   Policies policies(registry, "validatingadmissionpolicies",
//   "validatingadmissionpolicybindings"); ASSIGN_OR_RETURN(const Policies::List all,
//   policies.All());
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/policy.h"
#include "admission/subject.h"
#include "base/mutex.h"
#include "registry/registry.h"

namespace kvplane::admission {

class Policies {
 public:
  Policies(registry::Registry& registry, std::string_view policies, std::string_view bindings);

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

// The parameters to evaluate a policy with, each in turn; one that is none where it takes none.
// The error says what is wrong with the configuration.
using PolicyParams = std::vector<std::optional<api::json::Object>>;
absl::StatusOr<PolicyParams> ParamsFor(registry::Registry& registry,
                                       const registry::Attributes& attributes, const Policy& policy,
                                       const PolicyBinding& binding);

// Policies do not judge or change what they are themselves: else they could not be mended.
bool IsPolicy(const registry::Attributes& attributes);

// The namespace that a request's object lies in; none where it lies in none.
absl::Status SetNamespace(registry::Registry& registry, const registry::Attributes& attributes,
                          Subject& subject);

}  // namespace kvplane::admission
