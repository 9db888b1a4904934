// Chain: the admission plugins of a server in Kubernetes' order. All of them complete an object
// first, then, when it is as it will be, all of them judge it.
//
// Thread safety: every method may be called from any thread that may wait.
//
//   const auto chain = MakeChain(registry, authorizer, client);
//   registry.SetAdmission(chain.get());
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "admission/plugin.h"
#include "apiserver/authorizer.h"
#include "registry/admission.h"
#include "registry/registry.h"
#include "webhook/client.h"

namespace kvplane::admission {

class Chain : public registry::Admission {
 public:
  // At most 64.
  explicit Chain(std::vector<std::unique_ptr<Plugin>> plugins) : plugins_(std::move(plugins)) {}

  bool Handles(const Attributes& attributes) const override;
  absl::Status Mutate(Attributes& attributes) override;
  absl::Status Validate(const Attributes& attributes) override;
  absl::Status Charge(const Attributes& attributes, kvshim::TxnRequest& request) override;

 private:
  // Those that Handles found.
  template <typename Ask>
  absl::Status AskHandlers(const Attributes& attributes, const Ask& ask);

  const std::vector<std::unique_ptr<Plugin>> plugins_;
};

// All that a server of Kubernetes runs without being told otherwise. All must outlive it.
std::unique_ptr<registry::Admission> MakeChain(registry::Registry& registry,
                                               const apiserver::Authorizer& authorizer,
                                               webhook::Client& client);

}  // namespace kvplane::admission
