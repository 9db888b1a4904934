// The plugins there are. What they take must outlive them.
//
// Thread safety: pure.
#pragma once

#include <memory>

#include "admission/plugin.h"
#include "apiserver/authorizer.h"
#include "registry/registry.h"

namespace kvplane::webhook {
class Client;
}

namespace kvplane::admission {

// Namespaces that every cluster has are not deleted.
std::unique_ptr<Plugin> MakeNamespaceLifecycle();
// Requests and limits of containers: what is left out, and what is too little or too much.
std::unique_ptr<Plugin> MakeLimitRanger(registry::Registry& registry);
// The account that a pod runs as, and the volume with its token.
std::unique_ptr<Plugin> MakeServiceAccount(registry::Registry& registry);
// What a node may write: itself, and what concerns its own pods.
std::unique_ptr<Plugin> MakeNodeRestriction(registry::Registry& registry);
// A new node takes no pods until it is ready.
std::unique_ptr<Plugin> MakeTaintNodesByCondition();
// What pods may ask of their hosts, as their namespace's labels say.
std::unique_ptr<Plugin> MakePodSecurity(registry::Registry& registry);
// The number that a pod's priority class stands for.
std::unique_ptr<Plugin> MakePriority(registry::Registry& registry);
// Pods stay for five minutes on a node that is lost.
std::unique_ptr<Plugin> MakeDefaultTolerationSeconds();
// The class of claims that name none.
std::unique_ptr<Plugin> MakeDefaultStorageClass(registry::Registry& registry);
// Claims grow where their class allows it.
std::unique_ptr<Plugin> MakePersistentVolumeClaimResize(registry::Registry& registry);
// Volumes and claims in use are not removed.
std::unique_ptr<Plugin> MakeStorageObjectInUseProtection();
// What a pod's runtime itself takes, and where it runs.
std::unique_ptr<Plugin> MakeRuntimeClass(registry::Registry& registry);
// Who may approve or sign certificates, and of which signer.
std::unique_ptr<Plugin> MakeCertificateApproval(const apiserver::Authorizer& authorizer);
std::unique_ptr<Plugin> MakeCertificateSigning(const apiserver::Authorizer& authorizer);
// Nobody gets a certificate of system:masters from the API client's signer.
std::unique_ptr<Plugin> MakeCertificateSubjectRestriction();
// The class of ingresses that name none.
std::unique_ptr<Plugin> MakeDefaultIngressClass(registry::Registry& registry);
// Nobody gives away by a role or a binding what is not theirs.
std::unique_ptr<Plugin> MakeRoleEscalation(registry::Registry& registry,
                                           const apiserver::Authorizer& authorizer);
// Policies in CEL that change objects, and those that judge them.
std::unique_ptr<Plugin> MakeMutatingPolicies(registry::Registry& registry,
                                             const apiserver::Authorizer& authorizer);
std::unique_ptr<Plugin> MakeValidatingPolicies(registry::Registry& registry,
                                               const apiserver::Authorizer& authorizer);
// Webhooks that complete objects, and those that judge them.
std::unique_ptr<Plugin> MakeMutatingWebhook(registry::Registry& registry,
                                            const apiserver::Authorizer& authorizer,
                                            webhook::Client& client);
std::unique_ptr<Plugin> MakeValidatingWebhook(registry::Registry& registry,
                                              const apiserver::Authorizer& authorizer,
                                              webhook::Client& client);
// What a namespace may hold and ask for altogether.
std::unique_ptr<Plugin> MakeResourceQuota(registry::Registry& registry);

}  // namespace kvplane::admission
