// matchConditions: expressions that all must hold of a request before a webhook or a policy hears
// of it.
//
// Thread safety: immutable once read.
//
//   const MatchConditions conditions = MatchConditions::Read(webhook, /*params=*/false);
//   ASSIGN_OR_RETURN(const bool matches, conditions.Match(subject.input()));
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "kinds/admission_expression.h"

namespace kvplane::admission {

class MatchConditions {
 public:
  static MatchConditions Read(const api::json::Object& holder, bool params);

  bool empty() const { return conditions_.empty(); }
  // INVALID_ARGUMENT where none is false, but it cannot be told whether all are true.
  absl::StatusOr<bool> Match(const kinds::AdmissionInput& input) const;

 private:
  struct Condition {
    std::string text;
    kinds::AdmissionExpression expression;
  };

  std::vector<Condition> conditions_;
};

// What an expression came to nothing for: "expression 'x' resulted in error: …".
std::string EvaluationFailed(std::string_view text, const cel::Value& error);

}  // namespace kvplane::admission
