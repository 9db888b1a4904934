// Checker: whether an expression is sound: its names are known, and its types fit. It notes in the
// tree what the evaluation needs.
//
// Thread safety: pure functions.
//
//   Checked checked = Check({{"self", type}}, {}, *tree, issues);
#pragma once

#include <string>
#include <vector>

#include "cel/expression.h"
#include "cel/issue.h"
#include "cel/type.h"

namespace kvplane::cel {

struct Variable {
  std::string name;
  TypePtr type;
};

struct Checked {
  TypePtr type;
  int slots = 0;           // variables, then what macros bind
  std::vector<bool> used;  // of each variable
};

// `objects` are the types that expressions may make objects of, by their names; of one without
// fields, "Object", also those below it: Object.spec{replicas: 3}.
Checked Check(const std::vector<Variable>& variables, const std::vector<TypePtr>& objects,
              Expression& tree, std::vector<Issue>& issues);

}  // namespace kvplane::cel
