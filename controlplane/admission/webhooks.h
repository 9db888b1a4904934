// Webhooks: the webhooks of one kind of configuration, and how they are reached.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   Webhooks webhooks(registry, BuiltIn("admissionregistration.k8s.io/v1", "…"));
//   if (!webhooks.empty()) { ASSIGN_OR_RETURN(auto calls, webhooks.CallsFor(attributes)); … }
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/webhook_rules.h"
#include "apiserver/authorizer.h"
#include "base/mutex.h"
#include "registry/registry.h"
#include "webhook/client.h"
#include "webhook/endpoints.h"

namespace kvplane::admission {

class Webhooks {
 public:
  Webhooks(registry::Registry& registry, const apiserver::Authorizer& authorizer,
           const kinds::Kind& configurations)
      : registry_(registry),
        endpoints_(registry),
        authorizer_(authorizer),
        configurations_(registry.CacheOf(configurations)),
        prefix_(configurations.prefix) {}

  // By their configurations' names. What the cache has is read once.
  using List = std::shared_ptr<const std::vector<Webhook>>;
  absl::StatusOr<List> All();
  // The same, where nobody minds that it cannot be told: to decide whether to look at a request.
  bool Any();

  struct Call {
    const Webhook* webhook = nullptr;
    Version version;  // as which the request is told
  };
  // What is to be called for a request, in order. The list keeps the webhooks. Fails where one's
  // conditions cannot be told to hold, and it does not fail open.
  absl::StatusOr<std::vector<Call>> CallsFor(const std::vector<Webhook>& webhooks,
                                             const registry::Attributes& attributes);

  absl::StatusOr<webhook::Endpoint> EndpointOf(const Webhook& webhook);

 private:
  absl::StatusOr<bool> MeetsConditions(const Webhook& webhook, const Version& version,
                                       const registry::Attributes& attributes);

  registry::Registry& registry_;
  webhook::Endpoints endpoints_;
  const apiserver::Authorizer& authorizer_;
  registry::WatchCache& configurations_;
  const std::string prefix_;
  kvshim::base::Mutex mutex_;
  std::vector<registry::StoredObjectPtr> read_ GUARDED_BY(mutex_);
  List list_ GUARDED_BY(mutex_) = std::make_shared<const std::vector<Webhook>>();
};

// Webhooks do not judge what makes them, nor policies: else one that fails could not be removed.
bool IsExempt(const registry::Attributes& attributes);

// "failed calling webhook "x": …"
std::string CallFailed(const Webhook& webhook, const absl::Status& why);

}  // namespace kvplane::admission
