// Parser: the tree of an expression.
//
// Thread safety: pure functions.
//
//   std::vector<Issue> issues;
//   ExpressionPtr tree = Parse("self.replicas > 0", issues);   // null where there are issues
#pragma once

#include <string_view>
#include <vector>

#include "cel/expression.h"
#include "cel/issue.h"

namespace kvplane::cel {

// How deep an expression may be nested, and how long it may be.
inline constexpr size_t kMaxNesting = 250;
inline constexpr size_t kMaxCharacters = 100000;

ExpressionPtr Parse(std::string_view text, std::vector<Issue>& issues);

}  // namespace kvplane::cel
