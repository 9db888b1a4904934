// ValidatingAdmissionPolicy: policies whose expressions judge objects as they will be, with the
// parameters and by the actions that their bindings name.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admission/lookup.h"
#include "admission/plugins.h"
#include "admission/policies.h"
#include "admission/subject.h"
#include "base/status.h"
#include "base/strings.h"
#include "cel/document.h"
#include "kinds/members.h"
#include "registry/failure.h"

namespace kvplane::admission {

namespace {

using kvshim::base::Concat;
using kvshim::base::FromAbsl;

struct Denied {
  std::string message;  // with the policy and the binding
  std::string reason;
};

int CodeOf(std::string_view reason) {
  if (reason == "Unauthorized") return 401;
  if (reason == "Forbidden") return 403;
  if (reason == "RequestEntityTooLarge") return 413;
  return 422;
}

absl::Status Refused(const Attributes& attributes, const Denied& denied) {
  registry::Failure failure = registry::FailureOf(registry::Refuse(attributes, denied.message));
  failure.reason = denied.reason.empty() ? "Invalid" : denied.reason;
  failure.code = CodeOf(failure.reason);
  failure.details["causes"] = json::Array{json::Object{{"message", json::ToBoost(denied.message)}}};
  return registry::MakeStatus(failure);
}

// One request, against all policies.
class Judgement {
 public:
  Judgement(registry::Registry& registry, const apiserver::Authorizer& authorizer,
            const Attributes& attributes)
      : registry_(registry), authorizer_(authorizer), attributes_(attributes) {}

  absl::Status Run(const std::vector<Policies::Bound>& all) {
    ASSIGN_OR_RETURN(const auto labels, NamespaceLabelsOf(registry_, attributes_));
    const json::Object* of_namespace = labels ? &*labels : nullptr;
    for (const Policies::Bound& bound : all) {
      const auto version = bound.policy->match().Match(attributes_, of_namespace);
      if (!version) continue;
      subject_ = nullptr;
      std::map<std::string, std::vector<std::string>> annotations;
      for (const auto& binding : bound.bindings) {
        if (!binding->match.Match(attributes_, of_namespace)) continue;
        RETURN_IF_ERROR(Ask(*bound.policy, *binding, *version, annotations));
      }
      for (const auto& [key, values] : annotations) {
        attributes_.Annotate(Concat(bound.policy->name(), "/", key),
                             kvshim::base::Join(values, ", "));
      }
    }
    return denied_.empty() ? absl::OkStatus() : Refused(attributes_, denied_.front());
  }

 private:
  using Annotations = std::map<std::string, std::vector<std::string>>;

  absl::Status Ask(const Policy& policy, const PolicyBinding& binding, const Version& version,
                   Annotations& annotations) {
    const auto params = ParamsFor(registry_, attributes_, policy, binding);
    if (!params.ok()) {
      if (!policy.fails_open()) {
        Deny(policy, binding,
             Concat("failed to configure binding: ", FromAbsl(params.status().message())), "");
      }
      return absl::OkStatus();
    }
    if (subject_ == nullptr) {
      ASSIGN_OR_RETURN(subject_, Subject::Make(registry_, attributes_, version, authorizer_));
      RETURN_IF_ERROR(SetNamespace(registry_, attributes_, *subject_));
    }
    for (const std::optional<json::Object>& param : *params) {
      kinds::AdmissionInput input = subject_->input();
      if (param) input.params = cel::FromJson(*param, cel::SimpleType(cel::Type::Kind::kDyn));
      Apply(policy, binding, policy.Evaluate(std::move(input)), annotations);
    }
    return absl::OkStatus();
  }

  void Apply(const Policy& policy, const PolicyBinding& binding, const PolicyResult& result,
             Annotations& annotations) {
    for (const PolicyDenial& denial : result.denials) {
      if (binding.Does("Deny")) Deny(policy, binding, denial.message, denial.reason);
      if (binding.Does("Warn")) {
        attributes_.Warn(Concat("Validation failed for ValidatingAdmissionPolicy '", policy.name(),
                                "' with binding '", binding.name, "': ", denial.message));
      }
      if (binding.Does("Audit")) Audit(policy, binding, denial);
    }
    for (const std::string& fault : result.annotation_faults) Deny(policy, binding, fault, "");
    for (const auto& [key, value] : result.annotations) {
      std::vector<std::string>& values = annotations[key];
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
  }

  void Deny(const Policy& policy, const PolicyBinding& binding, std::string_view why,
            std::string_view reason) {
    denied_.push_back({Concat("ValidatingAdmissionPolicy '", policy.name(), "' with binding '",
                              binding.name, "' denied request: ", why),
                       std::string(reason)});
  }

  void Audit(const Policy& policy, const PolicyBinding& binding, const PolicyDenial& denial) {
    json::Array actions;
    for (const std::string& action : binding.actions) actions.emplace_back(json::ToBoost(action));
    const json::Array failures{
        json::Object{{"message", json::ToBoost(denial.message)},
                     {"policy", json::ToBoost(policy.name())},
                     {"binding", json::ToBoost(binding.name)},
                     {"expressionIndex", static_cast<int64_t>(denial.validation)},
                     {"validationActions", std::move(actions)}}};
    attributes_.Annotate("validation.policy.admission.k8s.io/validation_failure",
                         api::ToJson(failures));
  }

  registry::Registry& registry_;
  const apiserver::Authorizer& authorizer_;
  const Attributes& attributes_;
  std::unique_ptr<Subject> subject_;  // in the version that the policy at hand asks for
  std::vector<Denied> denied_;
};

class ValidatingPolicies : public Plugin {
 public:
  ValidatingPolicies(registry::Registry& registry, const apiserver::Authorizer& authorizer)
      : registry_(registry),
        authorizer_(authorizer),
        policies_(registry, "validatingadmissionpolicies", "validatingadmissionpolicybindings") {}

  bool Handles(const Attributes& attributes) const override {
    return !IsPolicy(attributes) && policies_.Any();
  }

  absl::Status Validate(const Attributes& attributes) override {
    ASSIGN_OR_RETURN(const Policies::List all, policies_.All());
    return Judgement(registry_, authorizer_, attributes).Run(*all);
  }

 private:
  registry::Registry& registry_;
  const apiserver::Authorizer& authorizer_;
  mutable Policies policies_;
};

}  // namespace

std::unique_ptr<Plugin> MakeValidatingPolicies(registry::Registry& registry,
                                               const apiserver::Authorizer& authorizer) {
  return std::make_unique<ValidatingPolicies>(registry, authorizer);
}

}  // namespace kvplane::admission
