// Unification: whether a value of one type will do where another is asked for, and what unknown
// types must be for it.
//
// Thread safety: one thread's.
//
//   Unification types;
//   TypePtr a = types.Fresh();
//   types.Unify(ListType(int), ListType(a));   // true; a is int from here on
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cel/type.h"

namespace kvplane::cel {

class Unification {
 public:
  TypePtr Fresh();
  // The same with fresh types for its unknown ones, of which each gets one.
  TypePtr Renew(const TypePtr& type, std::map<std::string, TypePtr>& fresh);
  // What is known leaves the type as it was where it is false.
  bool Unify(const TypePtr& given, const TypePtr& wanted);
  // With what has become known; what has not is dyn where `to_dyn` is set.
  TypePtr Resolve(const TypePtr& type, bool to_dyn = false) const;

 private:
  using Known = std::map<std::string, TypePtr>;

  TypePtr Head(TypePtr type) const;
  bool Join(const TypePtr& given, const TypePtr& wanted);
  bool Bind(const TypePtr& unknown, const TypePtr& type);
  bool Occurs(const std::string& name, const TypePtr& type) const;

  Known known_;
  int next_ = 0;
};

}  // namespace kvplane::cel
