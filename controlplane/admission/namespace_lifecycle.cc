// NamespaceLifecycle: the namespaces that every cluster has stay. That nothing is created in one
// that is not there, or that is ending, the registry guards in the transaction of the write.
#include <algorithm>
#include <string_view>

#include "admission/plugins.h"

namespace kvplane::admission {

namespace {

constexpr std::string_view kImmortal[] = {"default", "kube-public", "kube-system"};

class NamespaceLifecycle : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return attributes.operation == registry::Operation::kDelete && attributes.Is("", "namespaces");
  }
  absl::Status Mutate(Attributes& attributes) override {
    if (std::find(std::begin(kImmortal), std::end(kImmortal), attributes.name) ==
        std::end(kImmortal)) {
      return absl::OkStatus();
    }
    return registry::Refuse(attributes, "this namespace may not be deleted");
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeNamespaceLifecycle() { return std::make_unique<NamespaceLifecycle>(); }

}  // namespace kvplane::admission
