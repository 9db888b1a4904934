#include "admission/match_conditions.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "kinds/members.h"

namespace kvplane::admission {

using kvshim::base::Concat;

namespace {

// What the conditions of one webhook may cost together.
constexpr int64_t kBudget = cel::kObjectBudget / 4;

}  // namespace

std::string EvaluationFailed(std::string_view text, const cel::Value& error) {
  return Concat("expression '", text, "' resulted in error: ", error.GetString());
}

MatchConditions MatchConditions::Read(const api::json::Object& holder, bool params) {
  MatchConditions out;
  kinds::ForEach(holder, {"matchConditions"}, [&](const api::json::Object& condition) {
    const std::string_view text = kinds::Text(condition, {"expression"});
    out.conditions_.push_back(
        {std::string(text), kinds::CompileAdmissionExpression(text, {.params = params},
                                                              kinds::ExpressionResult::kBool)});
  });
  return out;
}

absl::StatusOr<bool> MatchConditions::Match(const kinds::AdmissionInput& input) const {
  std::vector<std::string> faults;
  int64_t left = kBudget;
  for (const Condition& condition : conditions_) {
    if (!condition.expression.program) {
      faults.push_back(condition.expression.fault);
      continue;
    }
    const int64_t given = std::min(left, cel::kCallBudget);
    cel::Budget budget(given);
    const cel::Value value = condition.expression.program->Evaluate(input.Values(), budget);
    left -= given - std::max<int64_t>(budget.left(), 0);
    if (value.IsError()) {
      faults.push_back(EvaluationFailed(condition.text, value));
    } else if (!value.IsTrue()) {
      return false;
    }
  }
  if (faults.empty()) return true;
  const std::string all =
      faults.size() == 1 ? faults[0] : Concat("[", kvshim::base::Join(faults, ", "), "]");
  return absl::InvalidArgumentError(kvshim::base::ToAbsl(all));
}

}  // namespace kvplane::admission
