// Unification: whether a value of one type will do where another is asked for, and what unknown
// types must be for it.
//
// Thread safety: one thread's.
//
//   Unification types;
//   TypePtr a = types.Fresh();
//   types.Unify(ListType(int), ListType(a));   // true; a is int from here on
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/type.h"

namespace kvplane::cel {

class Unification {
 public:
  TypePtr Fresh();
  // The same with fresh types for its unknown ones, of which each gets one.
  TypePtr Renew(const TypePtr& type, std::map<std::string, TypePtr>& fresh);
  // Where it is false nothing has become known.
  bool Unify(const TypePtr& given, const TypePtr& wanted);
  // What has become known since a mark is forgotten again.
  size_t Mark() const { return trail_.size(); }
  void Forget(size_t mark);
  // With what has become known; what has not is dyn where `to_dyn` is set.
  TypePtr Resolve(const TypePtr& type, bool to_dyn = false) const;

 private:
  TypePtr Head(TypePtr type) const;
  bool Join(const TypePtr& given, const TypePtr& wanted);
  bool Bind(const TypePtr& unknown, const TypePtr& type);
  bool Occurs(const std::string& name, const TypePtr& type) const;

  void Learn(const std::string& name, const TypePtr& type);

  std::map<std::string, TypePtr> known_;
  std::vector<std::pair<std::string, TypePtr>> trail_;  // what was known before, in order
  int next_ = 0;
};

}  // namespace kvplane::cel
