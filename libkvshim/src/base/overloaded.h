// One visitor of a std::variant, made of a function for each alternative.
//
//   std::visit(base::Overloaded{[](int number) { ... }, [](const std::string& text) { ... }},
//   value);
#pragma once

namespace kvshim::base {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace kvshim::base
