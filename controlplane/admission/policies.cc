#include "admission/policies.h"

#include <algorithm>
#include <utility>

#include "admission/lookup.h"
#include "base/logger.h"
#include "base/status.h"
#include "base/strings.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using kvshim::base::Concat;

constexpr std::string_view kGroupVersion = "admissionregistration.k8s.io/v1";

void Unreadable(std::string_view key, const absl::Status& why) {
  kvshim::base::Log(kvshim::base::Level::kError, "an admission policy cannot be read",
                    {{"key", std::string(key)}, {"error", why}});
}

absl::Status Misconfigured(std::string_view why) {
  return absl::InvalidArgumentError(kvshim::base::ToAbsl(why));
}

absl::StatusOr<PolicyParams> FindParams(registry::Registry& registry, const kinds::Kind& kind,
                                        const std::string& name_space,
                                        const PolicyBinding& binding) {
  PolicyParams params;
  if (!binding.param_name.empty()) {
    auto found = Find(registry, kind, name_space, binding.param_name);
    if (found.ok()) {
      params.emplace_back(*std::move(found));
    } else if (!registry::HasReason(found.status(), "NotFound")) {
      return found.status();
    }
    return params;
  }
  ASSIGN_OR_RETURN(const auto objects, ListCached(registry, kind, name_space));
  for (const auto& object : objects) {
    if (!binding.param_selector || !binding.param_selector->Matches(object->labels())) continue;
    params.emplace_back(object->Parse());
  }
  return params;
}

}  // namespace

Policies::Policies(registry::Registry& registry, std::string_view policies,
                   std::string_view bindings)
    : policies_(registry.CacheOf(BuiltIn(kGroupVersion, policies))),
      bindings_(registry.CacheOf(BuiltIn(kGroupVersion, bindings))),
      policy_prefix_(BuiltIn(kGroupVersion, policies).prefix),
      binding_prefix_(BuiltIn(kGroupVersion, bindings).prefix) {}

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

absl::StatusOr<PolicyParams> ParamsFor(registry::Registry& registry,
                                       const registry::Attributes& attributes, const Policy& policy,
                                       const PolicyBinding& binding) {
  if (policy.param_kind().empty() || !binding.has_params) return PolicyParams{std::nullopt};
  const auto kinds = registry.kinds();
  const kinds::Served* served = kinds->FindKind(policy.param_version(), policy.param_kind());
  if (served == nullptr || served->kind == nullptr) {
    return Misconfigured(Concat("paramKind kind `", policy.param_version(),
                                ", Kind=", policy.param_kind(), "` not known"));
  }
  const kinds::Kind& kind = *served->kind;
  std::string name_space;
  if (kind.namespaced) {
    name_space = binding.param_namespace.empty() ? std::string(attributes.name_space)
                                                 : binding.param_namespace;
    if (name_space.empty()) {
      return Misconfigured(
          "cannot use namespaced paramRef in policy binding that matches cluster-scoped "
          "resources");
    }
  } else if (!binding.param_namespace.empty()) {
    return Misconfigured(
        "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  ASSIGN_OR_RETURN(PolicyParams params, FindParams(registry, kind, name_space, binding));
  if (params.empty() && binding.missing_params_deny) {
    return Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return params;
}

bool IsPolicy(const registry::Attributes& attributes) {
  return attributes.kind->group == "admissionregistration.k8s.io" &&
         attributes.kind->plural.find("admissionpolic") != std::string::npos;
}

absl::Status SetNamespace(registry::Registry& registry, const registry::Attributes& attributes,
                          Subject& subject) {
  if (!attributes.kind->namespaced || attributes.name_space.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(json::Object found,
                   Find(registry, BuiltIn("v1", "namespaces"), "", attributes.name_space));
  subject.SetNamespace(std::move(found));
  return absl::OkStatus();
}

}  // namespace kvplane::admission
