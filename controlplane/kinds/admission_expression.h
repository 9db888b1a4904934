// The expressions of webhooks' matchConditions and of admission policies: which variables they may
// name, and their compilation, both where they are validated and where they are used.
//
// Thread safety: pure functions.
//
//   auto compiled = CompileAdmissionExpression("object.spec.replicas <= 5", {},
//   ExpressionResult::kBool); if (!compiled.fault.empty()) …; AdmissionInput input; input.object =
//   cel::FromJson(object, dyn); compiled.program->Evaluate(input.Values(), budget);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "cel/program.h"
#include "kinds/field_error.h"
#include "kinds/members.h"

namespace kvplane::kinds {

struct AdmissionScope {
  bool params = false;
  bool authorizer = true;
  bool patches = false;    // objects of the types Object and JSONPatch may be made
  cel::TypePtr variables;  // an object; null: there are none
};

// The variables' values. What an expression may not name is not looked at.
struct AdmissionInput {
  cel::Value object;
  cel::Value old_object;
  cel::Value name_space;
  cel::Value request;
  cel::Value params;
  cel::Value authorizer;
  cel::Value request_resource;
  cel::Value variables;

  std::vector<cel::Value> Values() const {
    return {object, old_object, name_space,       request,
            params, authorizer, request_resource, variables};
  }
};

enum class ExpressionResult { kBool, kText, kTextOrNull, kAny, kObject, kPatch };

struct AdmissionExpression {
  std::optional<cel::Program> program;
  std::string fault;  // "compilation failed: ERROR: …"
};
AdmissionExpression CompileAdmissionExpression(std::string_view text, const AdmissionScope& scope,
                                               ExpressionResult wanted);

// The types of `request` and `namespaceObject`.
const cel::TypePtr& AdmissionRequestType();
const cel::TypePtr& AdmissionNamespaceType();

// The type of `variables` that a policy's variables make; each may name those before it.

struct AdmissionVariable {
  std::string name;
  AdmissionExpression expression;
};
std::vector<AdmissionVariable> CompileAdmissionVariables(const json::Object& spec,
                                                         AdmissionScope& scope);

// matchConditions of a webhook or a policy.
void ValidateMatchConditions(const json::Object& holder, bool params, const std::string& field,
                             FieldErrors& errors);

}  // namespace kvplane::kinds
