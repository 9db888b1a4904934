// Evaluator: what a checked expression comes to.
//
// Thread safety: pure functions.
//
//   Budget budget(1000000);
//   Value verdict = Evaluate(*tree, slots, budget);
#pragma once

#include <vector>

#include "cel/expression.h"
#include "cel/function.h"
#include "cel/value.h"

namespace kvplane::cel {

// `slots` are the variables' values, and room for what macros bind.
Value Evaluate(const Expression& tree, std::vector<Value> slots, Budget& budget);

}  // namespace kvplane::cel
