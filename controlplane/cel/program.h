// Program: an expression that has been compiled, to be evaluated as often as one likes. The Common
// Expression Language is what rules of custom resources and admission policies are written in; this
// is the language as Kubernetes 1.36 has it, with its libraries.
//
// An expression is checked against the types of its variables; what is of no known type (dyn) is
// found out while it is evaluated. Evaluation is bounded: a budget of steps, however hostile the
// expression, and a depth that the parser refuses to go beyond.
//
// Thread safety: immutable; may be evaluated by any number of threads at once.
//
//   auto program = Program::Compile("self.replicas <= 5", {{"self", type}});
//   if (!program.ok()) …;                       // ERROR: <input>:1:5: undefined field 'replicas'
//   Budget budget(kCallBudget);
//   program->Evaluate({FromJson(document, type)}, budget).IsTrue();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cel/checker.h"
#include "cel/expression.h"
#include "cel/function.h"
#include "cel/value.h"

namespace kvplane::cel {

// What one evaluation may cost, and all of an object's.
inline constexpr int64_t kCallBudget = 1000000;
inline constexpr int64_t kObjectBudget = 10000000;

class Program {
 public:
  // INVALID_ARGUMENT describes what is wrong, and where.
  static absl::StatusOr<Program> Compile(std::string_view text,
                                         const std::vector<Variable>& variables,
                                         const std::vector<TypePtr>& objects = {});

  const TypePtr& type() const { return checked_.type; }
  // Whether the variable of that number is named.
  bool Uses(size_t variable) const { return checked_.used[variable]; }

  // `variables` are in the order in which they were declared.
  Value Evaluate(std::vector<Value> variables, Budget& budget) const;

 private:
  Program(std::shared_ptr<const Expression> tree, Checked checked)
      : tree_(std::move(tree)), checked_(std::move(checked)) {}

  std::shared_ptr<const Expression> tree_;
  Checked checked_;
};

}  // namespace kvplane::cel
