#include "cel/program.h"

#include <utility>

#include "base/strings.h"
#include "cel/evaluator.h"
#include "cel/parser.h"

namespace kvplane::cel {

absl::StatusOr<Program> Program::Compile(std::string_view text,
                                         const std::vector<Variable>& variables,
                                         const std::vector<TypePtr>& objects) {
  std::vector<Issue> issues;
  ExpressionPtr tree = Parse(text, issues);
  Checked checked;
  if (issues.empty()) checked = Check(variables, objects, *tree, issues);
  if (!issues.empty()) {
    return absl::InvalidArgumentError(kvshim::base::ToAbsl(Describe(text, std::move(issues))));
  }
  return Program(std::move(tree), std::move(checked));
}

Value Program::Evaluate(std::vector<Value> variables, Budget& budget) const {
  variables.resize(static_cast<size_t>(checked_.slots));
  return cel::Evaluate(*tree_, std::move(variables), budget);
}

}  // namespace kvplane::cel
