#include "admission/chain.h"

#include <cstdint>
#include <utility>

#include "admission/plugins.h"
#include "base/status.h"

namespace kvplane::admission {

bool Chain::Handles(const Attributes& attributes) const {
  attributes.handlers = 0;
  for (size_t i = 0; i < plugins_.size(); ++i) {
    if (plugins_[i]->Handles(attributes)) attributes.handlers |= uint64_t{1} << i;
  }
  return attributes.handlers != 0;
}

template <typename Ask>
absl::Status Chain::AskHandlers(const Attributes& attributes, const Ask& ask) {
  for (size_t i = 0; i < plugins_.size(); ++i) {
    if ((attributes.handlers >> i & 1) != 0) RETURN_IF_ERROR(ask(*plugins_[i]));
  }
  return absl::OkStatus();
}

absl::Status Chain::Mutate(Attributes& attributes) {
  const auto mutate = [&](Plugin& plugin) { return plugin.Mutate(attributes); };
  RETURN_IF_ERROR(AskHandlers(attributes, mutate));
  if (!attributes.reinvocation.wanted) return absl::OkStatus();
  attributes.reinvocation.under_way = true;
  return AskHandlers(attributes, mutate);
}

absl::Status Chain::Validate(const Attributes& attributes) {
  return AskHandlers(attributes, [&](Plugin& plugin) { return plugin.Validate(attributes); });
}

absl::Status Chain::Charge(const Attributes& attributes, kvshim::TxnRequest& request) {
  return AskHandlers(attributes,
                     [&](Plugin& plugin) { return plugin.Charge(attributes, request); });
}

std::unique_ptr<registry::Admission> MakeChain(registry::Registry& registry,
                                               const apiserver::Authorizer& authorizer,
                                               webhook::Client& client) {
  std::vector<std::unique_ptr<Plugin>> plugins;
  plugins.push_back(MakeNamespaceLifecycle());
  plugins.push_back(MakeRoleEscalation(registry, authorizer));
  plugins.push_back(MakeLimitRanger(registry));
  plugins.push_back(MakeServiceAccount(registry));
  plugins.push_back(MakeNodeRestriction(registry));
  plugins.push_back(MakeTaintNodesByCondition());
  plugins.push_back(MakePodSecurity(registry));
  plugins.push_back(MakePriority(registry));
  plugins.push_back(MakeDefaultTolerationSeconds());
  plugins.push_back(MakeDefaultStorageClass(registry));
  plugins.push_back(MakePersistentVolumeClaimResize(registry));
  plugins.push_back(MakeStorageObjectInUseProtection());
  plugins.push_back(MakeRuntimeClass(registry));
  plugins.push_back(MakeCertificateApproval(authorizer));
  plugins.push_back(MakeCertificateSigning(authorizer));
  plugins.push_back(MakeCertificateSubjectRestriction());
  plugins.push_back(MakeDefaultIngressClass(registry));
  plugins.push_back(MakeMutatingPolicies(registry, authorizer));
  plugins.push_back(MakeMutatingWebhook(registry, authorizer, client));
  plugins.push_back(MakeValidatingPolicies(registry, authorizer));
  plugins.push_back(MakeValidatingWebhook(registry, authorizer, client));
  plugins.push_back(MakeResourceQuota(registry));
  return std::make_unique<Chain>(std::move(plugins));
}

}  // namespace kvplane::admission
