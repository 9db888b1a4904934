#include "cel/unification.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace kvplane::cel {

namespace {

using Kind = Type::Kind;

TypePtr WithParameters(const TypePtr& type, std::vector<TypePtr> parameters) {
  if (parameters == type->parameters) return type;
  auto copy = std::make_shared<Type>(*type);
  copy->size = Type::SizeOf(parameters);
  copy->parameters = std::move(parameters);
  return copy;
}

// What may be null.
bool TakesNull(Kind kind) {
  return kind == Kind::kNull || kind == Kind::kObject || kind == Kind::kOpaque ||
         kind == Kind::kTimestamp || kind == Kind::kDuration || kind == Kind::kOptional;
}

}  // namespace

TypePtr Unification::Fresh() {
  auto type = std::make_shared<Type>();
  type->kind = Kind::kUnknown;
  type->name = kvshim::base::Concat("_var", next_++);
  return type;
}

TypePtr Unification::Renew(const TypePtr& type, std::map<std::string, TypePtr>& fresh) {
  if (type->Is(Kind::kUnknown)) {
    TypePtr& own = fresh[type->name];
    if (own == nullptr) own = Fresh();
    return own;
  }
  if (type->parameters.empty()) return type;
  std::vector<TypePtr> parameters;
  for (const TypePtr& one : type->parameters) parameters.push_back(Renew(one, fresh));
  return WithParameters(type, std::move(parameters));
}

TypePtr Unification::Head(TypePtr type) const {
  while (type->Is(Kind::kUnknown)) {
    const auto found = known_.find(type->name);
    if (found == known_.end()) break;
    type = found->second;
  }
  return type;
}

bool Unification::Occurs(const std::string& name, const TypePtr& type) const {
  const TypePtr head = Head(type);
  if (head->Is(Kind::kUnknown)) return head->name == name;
  return std::any_of(head->parameters.begin(), head->parameters.end(),
                     [&](const TypePtr& one) { return Occurs(name, one); });
}

bool Unification::Bind(const TypePtr& unknown, const TypePtr& type) {
  if (type->Is(Kind::kUnknown) && type->name == unknown->name) return true;
  if (Occurs(unknown->name, type)) return false;
  Learn(unknown->name, type);
  return true;
}

void Unification::Learn(const std::string& name, const TypePtr& type) {
  TypePtr& known = known_[name];
  trail_.emplace_back(name, std::exchange(known, type));
}

void Unification::Forget(size_t mark) {
  while (trail_.size() > mark) {
    auto& [name, before] = trail_.back();
    if (before == nullptr) {
      known_.erase(name);
    } else {
      known_[name] = std::move(before);
    }
    trail_.pop_back();
  }
}

bool Unification::Unify(const TypePtr& given, const TypePtr& wanted) {
  const size_t mark = Mark();
  if (Join(given, wanted)) return true;
  Forget(mark);
  return false;
}

bool Unification::Join(const TypePtr& given, const TypePtr& wanted) {
  // An unknown type that was taken for one thing is dyn once it is also met as dyn.
  const TypePtr a = Head(given);
  const TypePtr b = Head(wanted);
  if (wanted->Is(Kind::kUnknown) && a->Is(Kind::kDyn) && !b->Is(Kind::kUnknown)) {
    Learn(wanted->name, a);
    return true;
  }
  if (b->Is(Kind::kUnknown)) return Bind(b, a);
  if (a->Is(Kind::kUnknown)) return Bind(a, b);
  if (a->Is(Kind::kDyn) || b->Is(Kind::kDyn)) return true;
  if (a->Is(Kind::kNull)) return TakesNull(b->kind);
  if (b->Is(Kind::kNull)) return TakesNull(a->kind);
  if (a->kind != b->kind) return false;
  if (a->Is(Kind::kObject) || a->Is(Kind::kOpaque)) return a == b || a->name == b->name;
  if (a->Is(Kind::kType)) return true;
  for (size_t i = 0; i < a->parameters.size(); ++i) {
    if (!Join(a->parameters[i], b->parameters[i])) return false;
  }
  return true;
}

TypePtr Unification::Resolve(const TypePtr& type, bool to_dyn) const {
  const TypePtr head = Head(type);
  if (head->Is(Kind::kUnknown)) return to_dyn ? SimpleType(Kind::kDyn) : head;
  if (head->parameters.empty()) return head;
  std::vector<TypePtr> parameters;
  for (const TypePtr& one : head->parameters) parameters.push_back(Resolve(one, to_dyn));
  return WithParameters(head, std::move(parameters));
}

}  // namespace kvplane::cel
