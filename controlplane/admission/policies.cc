#include "admission/policies.h"

#include <algorithm>
#include <utility>

#include "admission/lookup.h"
#include "base/logger.h"
#include "base/status.h"

namespace kvplane::admission {

namespace {

constexpr std::string_view kGroupVersion = "admissionregistration.k8s.io/v1";

const kinds::Kind& PolicyKind() { return BuiltIn(kGroupVersion, "validatingadmissionpolicies"); }
const kinds::Kind& BindingKind() {
  return BuiltIn(kGroupVersion, "validatingadmissionpolicybindings");
}

void Unreadable(std::string_view key, const absl::Status& why) {
  kvshim::base::Log(kvshim::base::Level::kError, "an admission policy cannot be read",
                    {{"key", std::string(key)}, {"error", why}});
}

}  // namespace

Policies::Policies(registry::Registry& registry)
    : policies_(registry.CacheOf(PolicyKind())),
      bindings_(registry.CacheOf(BindingKind())),
      policy_prefix_(PolicyKind().prefix),
      binding_prefix_(BindingKind().prefix) {}

absl::StatusOr<Policies::List> Policies::All() {
  ASSIGN_OR_RETURN(auto policies, policies_.List(policy_prefix_, 0));
  ASSIGN_OR_RETURN(auto bindings, bindings_.List(binding_prefix_, 0));
  kvshim::base::MutexLock lock(mutex_);
  if (policies.objects == read_policies_ && bindings.objects == read_bindings_) return list_;
  auto list = std::make_shared<std::vector<Bound>>();
  std::map<registry::StoredObjectPtr, std::shared_ptr<const Policy>> compiled;
  std::map<std::string, size_t> places;
  for (const auto& object : policies.objects) {
    std::shared_ptr<const Policy>& policy = compiled[object];
    if (const auto known = compiled_.find(object); known != compiled_.end()) {
      policy = known->second;
    } else if (auto read = Policy::Read(object->Parse()); read.ok()) {
      policy = std::make_shared<const Policy>(*std::move(read));
    } else {
      Unreadable(object->key(), read.status());
      continue;
    }
    if (policy == nullptr) continue;
    places[policy->name()] = list->size();
    list->push_back({policy, {}});
  }
  for (const auto& object : bindings.objects) {
    auto read = PolicyBinding::Read(object->Parse());
    if (!read.ok()) {
      Unreadable(object->key(), read.status());
      continue;
    }
    const auto place = places.find(read->policy);
    if (place == places.end()) continue;
    (*list)[place->second].bindings.push_back(
        std::make_shared<const PolicyBinding>(*std::move(read)));
  }
  std::erase_if(*list, [](const Bound& bound) { return bound.bindings.empty(); });
  read_policies_ = std::move(policies.objects);
  read_bindings_ = std::move(bindings.objects);
  compiled_ = std::move(compiled);
  list_ = std::move(list);
  return list_;
}

bool Policies::Any() {
  const auto all = All();
  return !all.ok() || !(*all)->empty();
}

}  // namespace kvplane::admission
