// Policy: a ValidatingAdmissionPolicy or a MutatingAdmissionPolicy, compiled, and its bindings,
// read.
//
// Thread safety: immutable once read.
//
//   ASSIGN_OR_RETURN(const Policy policy, Policy::Read(document));
//   const PolicyResult result = policy.Evaluate(subject.input());
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admission/match_conditions.h"
#include "admission/webhook_rules.h"
#include "api/json.h"
#include "api/label_selector.h"
#include "kinds/admission_expression.h"

namespace kvplane::admission {

// What a policy has to say against a request.
struct PolicyDenial {
  size_t validation = 0;  // its number in the policy
  std::string message;
  std::string reason;
};

struct PolicyResult {
  std::vector<PolicyDenial> denials;
  std::vector<std::pair<std::string, std::string>> annotations;
  std::vector<std::string> annotation_faults;  // which deny whatever the binding's actions are
};

// Which requests a policy or a binding is about.
class PolicyMatch {
 public:
  // Null: about all of them.
  static absl::StatusOr<PolicyMatch> Read(const api::json::Object* resources);
  // As which of the kind's versions; none where it is not about the request.
  std::optional<Version> Match(const registry::Attributes& attributes,
                               const api::json::Object* namespace_labels) const;

 private:
  Webhook included_;
  Webhook excluded_;
};

// A change that a MutatingAdmissionPolicy asks for.
struct PolicyMutation {
  bool is_patch = false;  // a JSON patch; else a configuration to apply
  std::string text;
  kinds::AdmissionExpression expression;
};

class Policy {
 public:
  static absl::StatusOr<Policy> Read(const api::json::Object& document);

  const std::string& name() const { return name_; }
  const PolicyMatch& match() const { return match_; }
  // What cannot be told does not deny.
  bool fails_open() const { return fails_open_; }
  const std::string& param_version() const { return param_version_; }
  const std::string& param_kind() const { return param_kind_; }  // empty: it takes none

  PolicyResult Evaluate(kinds::AdmissionInput input) const;

  const std::vector<PolicyMutation>& mutations() const { return mutations_; }
  // Once more where something else changed the object after it.
  bool reinvoked() const { return reinvoked_; }
  // Whether its conditions hold; INVALID_ARGUMENT where that cannot be told.
  absl::StatusOr<bool> MeetsConditions(const kinds::AdmissionInput& input) const;
  // What a mutation makes: the patch, or the configuration. INVALID_ARGUMENT says why nothing.
  absl::StatusOr<api::json::Value> Make(const PolicyMutation& mutation,
                                        kinds::AdmissionInput input) const;

 private:
  struct Validation {
    std::string text;
    kinds::AdmissionExpression expression;
    std::optional<kinds::AdmissionExpression> message_expression;
    std::string message;
    std::string reason;
  };
  struct AuditAnnotation {
    std::string key;
    std::string text;
    kinds::AdmissionExpression expression;
  };
  // Spends what the evaluations of one request may cost together.
  class Run;

  std::string name_;
  PolicyMatch match_;
  bool fails_open_ = false;
  std::string param_version_;
  std::string param_kind_;
  std::string fault_;  // of what does not compile, though validation let it through
  MatchConditions conditions_;
  std::vector<kinds::AdmissionVariable> variables_;
  std::vector<Validation> validations_;
  std::vector<AuditAnnotation> annotations_;
  std::vector<PolicyMutation> mutations_;
  bool reinvoked_ = false;
};

struct PolicyBinding {
  std::string name;
  std::string policy;
  PolicyMatch match;
  bool has_params = false;
  std::string param_name;
  std::string param_namespace;
  std::optional<api::LabelSelector> param_selector;
  bool missing_params_deny = false;
  std::vector<std::string> actions;

  static absl::StatusOr<PolicyBinding> Read(const api::json::Object& document);
  bool Does(std::string_view action) const;
};

}  // namespace kvplane::admission
