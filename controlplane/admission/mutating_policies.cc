// MutatingAdmissionPolicy: this server does not make the changes that such policies ask for. They
// are kept, and whoever writes one is told that it does nothing.
#include "admission/plugins.h"
#include "base/strings.h"

namespace kvplane::admission {

namespace {

class MutatingPolicies : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return (attributes.IsCreate() || attributes.IsUpdate()) && attributes.subresource.empty() &&
           attributes.kind->group == "admissionregistration.k8s.io" &&
           attributes.kind->plural.starts_with("mutatingadmissionpolic");
  }
  absl::Status Validate(const Attributes& attributes) override {
    attributes.Warn(kvshim::base::Concat("this server does not change objects by policies: the ",
                                         attributes.kind->name,
                                         " is kept but has no effect; use a webhook instead"));
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeMutatingPolicies() { return std::make_unique<MutatingPolicies>(); }

}  // namespace kvplane::admission
