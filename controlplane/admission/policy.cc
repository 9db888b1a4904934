#include "admission/policy.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "cel/document.h"
#include "kinds/members.h"

namespace kvplane::admission {

namespace {

namespace json = api::json;
using kinds::AdmissionExpression;
using kinds::AdmissionInput;
using kinds::ExpressionResult;
using kinds::Text;
using kvshim::base::Concat;

constexpr size_t kLongestMessage = 5 * 1024;
constexpr size_t kLongestAnnotation = 10 * 1024;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// A policy's variables, each evaluated when it is first asked for.
class Variables : public cel::Map {
 public:
  Variables(const std::vector<kinds::AdmissionVariable>& variables, const AdmissionInput& input,
            int64_t& left)
      : variables_(variables), input_(input), left_(left) {}

  size_t Size() const override { return variables_.size(); }
  std::optional<cel::Value> Find(const cel::Value& key) const override {
    if (!key.Is(cel::Value::Kind::kString)) return std::nullopt;
    const std::string name(key.GetString());
    if (const auto known = known_.find(name); known != known_.end()) return known->second;
    for (const kinds::AdmissionVariable& variable : variables_) {
      if (variable.name != name || !variable.expression.program) continue;
      const int64_t given = std::min(std::max<int64_t>(left_, 0), cel::kCallBudget);
      cel::Budget budget(given);
      cel::Value value = variable.expression.program->Evaluate(input_.Values(), budget);
      left_ -= given - std::max<int64_t>(budget.left(), 0);
      if (value.IsError()) {
        value = cel::Value::Error(
            Concat("composited variable \"", name, "\" fails to evaluate: ", value.GetString()));
      }
      return known_.emplace(name, std::move(value)).first->second;
    }
    return std::nullopt;
  }
  void Visit(const std::function<bool(const cel::Value&, const cel::Value&)>&) const override {}
  bool IsObject() const override { return true; }

 private:
  const std::vector<kinds::AdmissionVariable>& variables_;
  const AdmissionInput& input_;
  int64_t& left_;
  mutable std::map<std::string, cel::Value> known_;
};

}  // namespace

absl::StatusOr<PolicyMatch> PolicyMatch::Read(const json::Object* resources) {
  PolicyMatch match;
  if (resources == nullptr) return match;
  RETURN_IF_ERROR(ReadMatching(*resources, "resourceRules", match.included_));
  RETURN_IF_ERROR(ReadMatching(*resources, "excludeResourceRules", match.excluded_));
  return match;
}

std::optional<Version> PolicyMatch::Match(const registry::Attributes& attributes,
                                          const json::Object* namespace_labels) const {
  if (!excluded_.rules.empty() && excluded_.Match(attributes, namespace_labels)) {
    return std::nullopt;
  }
  if (!included_.rules.empty()) return included_.Match(attributes, namespace_labels);
  if (!included_.MatchesSelectors(attributes, namespace_labels)) return std::nullopt;
  return Version{std::string(AskedVersion(attributes)), nullptr};
}

absl::StatusOr<Policy> Policy::Read(const json::Object& document) {
  static const json::Object kNone;
  const json::Object* given = kinds::FindObject(document, {"spec"});
  const json::Object& spec = given == nullptr ? kNone : *given;
  Policy policy;
  policy.name_ = Text(document, {"metadata", "name"});
  ASSIGN_OR_RETURN(policy.match_, PolicyMatch::Read(kinds::FindObject(spec, {"matchConstraints"})));
  policy.fails_open_ = Text(spec, {"failurePolicy"}) == "Ignore";
  policy.param_version_ = Text(spec, {"paramKind", "apiVersion"});
  policy.param_kind_ = Text(spec, {"paramKind", "kind"});
  kinds::AdmissionScope scope{.params = !policy.param_kind_.empty()};
  policy.conditions_ = MatchConditions::Read(spec, scope.params);
  policy.variables_ = kinds::CompileAdmissionVariables(spec, scope);
  const auto compile = [&](std::string_view text, bool authorizer, ExpressionResult wanted) {
    kinds::AdmissionScope own = scope;
    own.authorizer = authorizer;
    AdmissionExpression compiled = kinds::CompileAdmissionExpression(text, own, wanted);
    if (policy.fault_.empty()) policy.fault_ = compiled.fault;
    return compiled;
  };
  kinds::ForEach(spec, {"validations"}, [&](const json::Object& validation) {
    const std::string_view text = Text(validation, {"expression"});
    Validation out{.text = std::string(text),
                   .expression = compile(text, true, ExpressionResult::kBool),
                   .message = std::string(Trimmed(Text(validation, {"message"}))),
                   .reason = std::string(Text(validation, {"reason"}))};
    const std::string_view message = Text(validation, {"messageExpression"});
    if (!message.empty()) out.message_expression = compile(message, false, ExpressionResult::kText);
    policy.validations_.push_back(std::move(out));
  });
  kinds::ForEach(spec, {"auditAnnotations"}, [&](const json::Object& annotation) {
    const std::string_view text = Text(annotation, {"valueExpression"});
    policy.annotations_.push_back({std::string(Text(annotation, {"key"})), std::string(text),
                                   compile(text, true, ExpressionResult::kTextOrNull)});
  });
  policy.reinvoked_ = Text(spec, {"reinvocationPolicy"}) == "IfNeeded";
  scope.patches = true;
  kinds::ForEach(spec, {"mutations"}, [&](const json::Object& mutation) {
    const bool is_patch = Text(mutation, {"patchType"}) == "JSONPatch";
    const std::string_view text =
        Text(mutation, {is_patch ? "jsonPatch" : "applyConfiguration", "expression"});
    policy.mutations_.push_back(
        {is_patch, std::string(text),
         compile(text, true, is_patch ? ExpressionResult::kPatch : ExpressionResult::kObject)});
  });
  return policy;
}

absl::StatusOr<bool> Policy::MeetsConditions(const AdmissionInput& input) const {
  if (!fault_.empty()) return absl::InvalidArgumentError(kvshim::base::ToAbsl(fault_));
  return conditions_.Match(input);
}

class Policy::Run {
 public:
  Run(const Policy& policy, AdmissionInput input) : policy_(policy), input_(std::move(input)) {
    // Variables are asked for through the input that they are part of.
    input_.variables =
        cel::Value::MapOf(std::make_shared<const Variables>(policy.variables_, input_, left_));
  }
  ~Run() { input_.variables = cel::Value(); }

  PolicyResult Result() {
    if (!policy_.fault_.empty()) {
      Fail(0, policy_.fault_);
      return std::move(result_);
    }
    const auto meets = policy_.conditions_.Match(input_);
    if (!meets.ok()) {
      Fail(0, std::string(kvshim::base::FromAbsl(meets.status().message())));
      return std::move(result_);
    }
    if (!*meets) return {};
    for (size_t i = 0; i < policy_.validations_.size(); ++i) Validate(i);
    for (const AuditAnnotation& one : policy_.annotations_) Annotate(one);
    return std::move(result_);
  }

  absl::StatusOr<json::Value> Make(const PolicyMutation& mutation) {
    const cel::Value made = Evaluate(mutation.expression);
    if (made.IsError()) {
      return absl::InvalidArgumentError(
          kvshim::base::ToAbsl(EvaluationFailed(mutation.text, made)));
    }
    cel::Budget budget(cel::kCallBudget);
    return cel::ToJson(made, budget);
  }

 private:
  cel::Value Evaluate(const AdmissionExpression& expression) {
    if (left_ <= 0) {
      return cel::Value::Error(
          "validation failed due to running out of cost budget, no further validation rules will "
          "be run");
    }
    const int64_t given = std::min(left_, cel::kCallBudget);
    cel::Budget budget(given);
    cel::Value value = expression.program->Evaluate(input_.Values(), budget);
    left_ -= given - std::max<int64_t>(budget.left(), 0);
    return value;
  }

  // What cannot be told denies, unless the policy fails open.
  void Fail(size_t validation, std::string why) {
    if (!policy_.fails_open_) result_.denials.push_back({validation, std::move(why), ""});
  }

  void Validate(size_t index) {
    const Validation& validation = policy_.validations_[index];
    const cel::Value verdict = Evaluate(validation.expression);
    if (verdict.IsError()) {
      Fail(index, EvaluationFailed(validation.text, verdict));
    } else if (!verdict.IsTrue()) {
      result_.denials.push_back({index, MessageOf(validation), validation.reason});
    }
  }

  std::string MessageOf(const Validation& validation) {
    if (validation.message_expression) {
      const cel::Value told = Evaluate(*validation.message_expression);
      const std::string_view text =
          told.Is(cel::Value::Kind::kString) ? Trimmed(told.GetString()) : "";
      if (!text.empty() && text.size() <= kLongestMessage &&
          text.find('\n') == std::string_view::npos) {
        return std::string(text);
      }
    }
    if (!validation.message.empty()) return validation.message;
    return Concat("failed expression: ", Trimmed(validation.text));
  }

  void Annotate(const AuditAnnotation& annotation) {
    const cel::Value value = Evaluate(annotation.expression);
    if (value.IsError()) {
      if (!policy_.fails_open_) {
        result_.annotation_faults.push_back(EvaluationFailed(annotation.text, value));
      }
    } else if (value.Is(cel::Value::Kind::kString)) {
      const std::string_view text = Trimmed(value.GetString());
      if (!text.empty()) {
        result_.annotations.emplace_back(annotation.key, text.substr(0, kLongestAnnotation));
      }
    }
  }

  const Policy& policy_;
  AdmissionInput input_;
  int64_t left_ = cel::kObjectBudget;
  PolicyResult result_;
};

PolicyResult Policy::Evaluate(AdmissionInput input) const {
  return Run(*this, std::move(input)).Result();
}

absl::StatusOr<json::Value> Policy::Make(const PolicyMutation& mutation,
                                         AdmissionInput input) const {
  return Run(*this, std::move(input)).Make(mutation);
}

absl::StatusOr<PolicyBinding> PolicyBinding::Read(const json::Object& document) {
  PolicyBinding binding{.name = std::string(Text(document, {"metadata", "name"})),
                        .policy = std::string(Text(document, {"spec", "policyName"}))};
  ASSIGN_OR_RETURN(binding.match,
                   PolicyMatch::Read(kinds::FindObject(document, {"spec", "matchResources"})));
  if (const json::Object* params = kinds::FindObject(document, {"spec", "paramRef"})) {
    binding.has_params = true;
    binding.param_name = Text(*params, {"name"});
    binding.param_namespace = Text(*params, {"namespace"});
    binding.missing_params_deny = Text(*params, {"parameterNotFoundAction"}) == "Deny";
    if (const json::Value* selector = json::Find(*params, "selector")) {
      ASSIGN_OR_RETURN(binding.param_selector, api::LabelSelector::FromJson(*selector));
    }
  }
  if (const json::Array* actions = kinds::FindArray(document, {"spec", "validationActions"})) {
    for (const json::Value& action : *actions) binding.actions.push_back(kinds::Plain(action));
  }
  return binding;
}

bool PolicyBinding::Does(std::string_view action) const {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

}  // namespace kvplane::admission
