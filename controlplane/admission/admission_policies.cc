// ValidatingAdmissionPolicy and MutatingAdmissionPolicy: their expressions are CEL, which this
// server does not evaluate. They are kept, and whoever writes one is told that it does nothing.
#include "admission/plugins.h"
#include "base/strings.h"

namespace kvplane::admission {

namespace {

class AdmissionPolicies : public Plugin {
 public:
  bool Handles(const Attributes& attributes) const override {
    return (attributes.IsCreate() || attributes.IsUpdate()) && attributes.subresource.empty() &&
           attributes.kind->group == "admissionregistration.k8s.io" &&
           attributes.kind->plural.find("admissionpolic") != std::string::npos;
  }
  absl::Status Validate(const Attributes& attributes) override {
    attributes.Warn(kvshim::base::Concat("this server does not evaluate CEL expressions: the ",
                                         attributes.kind->name,
                                         " is kept but has no effect; use a webhook instead"));
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeAdmissionPolicies() { return std::make_unique<AdmissionPolicies>(); }

}  // namespace kvplane::admission
