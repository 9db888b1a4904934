// Issue: what is wrong with an expression, and where.
//
// Thread safety: values.
//
//   Describe("self.foo", {{4, "undefined field 'foo'"}});
//   // ERROR: <input>:1:5: undefined field 'foo'
//   //  | self.foo
//   //  | ....^
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvplane::cel {

struct Issue {
  size_t place = 0;  // in characters
  std::string message;
};

// In the order of their places, worded as cel-go words them.
std::string Describe(std::string_view text, std::vector<Issue> issues);

}  // namespace kvplane::cel
