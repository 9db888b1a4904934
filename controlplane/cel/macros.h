// Macros: calls that are none, but bind a name within what they are given.
//
// Thread safety: pure functions.
//
//   ExpandMacro(call, issues);   // list.all(x, x > 0) becomes a node of kMacro
#pragma once

#include <vector>

#include "cel/expression.h"
#include "cel/issue.h"

namespace kvplane::cel {

// Leaves what is no macro as it is.
void ExpandMacro(Expression& call, std::vector<Issue>& issues);

}  // namespace kvplane::cel
