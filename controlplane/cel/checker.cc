#include "cel/checker.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/timestamp.h"
#include "base/strings.h"
#include "cel/function.h"
#include "cel/time.h"
#include "cel/unification.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;
using Form = Expression::Kind;
using Kind = Type::Kind;

// "a.b.c" of names joined by dots; none for anything else.
std::optional<std::string> QualifiedName(const Expression& tree) {
  if (tree.kind == Form::kName) return tree.text;
  if (tree.kind != Form::kSelect) return std::nullopt;
  auto below = QualifiedName(*tree.operands[0]);
  if (below) below->append(".").append(tree.text);
  return below;
}

const Expression& RootOf(const Expression& tree) {
  return tree.kind == Form::kSelect ? RootOf(*tree.operands[0]) : tree;
}

class Checker {
 public:
  Checker(const std::vector<Variable>& variables, const std::vector<TypePtr>& objects,
          std::vector<Issue>& issues)
      : objects_(objects), issues_(issues) {
    for (const Variable& one : variables) {
      scope_.push_back({one.name, one.type, static_cast<int>(scope_.size())});
    }
    variables_ = scope_.size();
    slots_ = static_cast<int>(variables_);
    used_.resize(variables_);
  }

  Checked Run(Expression& tree) {
    const TypePtr type = Visit(tree);
    return {types_.Resolve(type, true), slots_, std::move(used_)};
  }

 private:
  struct Bound {
    std::string name;
    TypePtr type;
    int slot;
  };

  static const TypePtr& Dyn() { return SimpleType(Kind::kDyn); }
  static const TypePtr& BoolType() { return SimpleType(Kind::kBool); }

  TypePtr Refuse(size_t place, std::string why) {
    issues_.push_back({place, std::move(why)});
    return Dyn();
  }
  void WantType(const Expression& tree, const TypePtr& given, const TypePtr& wanted) {
    if (types_.Unify(given, wanted)) return;
    Refuse(tree.place, Concat("expected type '", types_.Resolve(wanted)->ToString(),
                              "' but found '", types_.Resolve(given)->ToString(), "'"));
  }
  // Of a literal's elements, which are all of one type.
  void WantLike(const Expression& tree, const TypePtr& given, const TypePtr& others) {
    if (mixed_ && !types_.Unify(given, others)) {
      types_.Unify(Dyn(), others);
    } else {
      WantType(tree, given, others);
    }
  }
  const Bound* FindBound(std::string_view name) const {
    for (auto it = scope_.rbegin(); it != scope_.rend(); ++it) {
      if (it->name == name) return &*it;
    }
    return nullptr;
  }

  // A map whose keys and values are maps has a type twice as large, and so on without end.
  TypePtr Visit(Expression& tree) {
    constexpr size_t kLargest = 1000;
    TypePtr type = Node(tree);
    if (type->size <= kLargest) return type;
    return Refuse(tree.place, "the type of the expression is too large");
  }

  TypePtr Node(Expression& tree) {
    switch (tree.kind) {
      case Form::kLiteral:
        return TypeOf(tree.value);
      case Form::kName:
        return Name(tree);
      case Form::kSelect:
        return Select(tree);
      case Form::kPresence:
        Member(tree, Visit(*tree.operands[0]));
        return BoolType();
      case Form::kOptSelect: {
        const TypePtr found = Member(tree, Visit(*tree.operands[0]));
        return found->Is(Kind::kOptional) ? found : OptionalType(found);
      }
      case Form::kCall:
        return Callee(tree);
      case Form::kAnd:
      case Form::kOr:
        for (const auto& one : tree.operands) WantType(*one, Visit(*one), BoolType());
        return BoolType();
      case Form::kConditional:
        return Conditional(tree);
      case Form::kList:
        return ListLiteral(tree);
      case Form::kMap:
        return MapLiteral(tree);
      case Form::kObject:
        return ObjectLiteral(tree);
      case Form::kMacro:
        return MacroCall(tree);
    }
    return Dyn();
  }

  TypePtr Name(Expression& tree) {
    if (const Bound* bound = FindBound(tree.text)) {
      tree.slot = bound->slot;
      if (static_cast<size_t>(bound->slot) < variables_) used_[bound->slot] = true;
      return bound->type;
    }
    return TypeName(tree, tree.text, tree.place);
  }

  // A type as a value: the node becomes a literal.
  TypePtr TypeName(Expression& tree, const std::string& name, size_t place) {
    const TypePtr named = NamedType(name);
    if (named == nullptr) {
      return Refuse(place, Concat("undeclared reference to '", name, "' (in container '')"));
    }
    tree.kind = Form::kLiteral;
    tree.value = Value::TypeOf(named);
    tree.operands.clear();
    return TypeType(named);
  }

  TypePtr Select(Expression& tree) {
    const Expression& root = RootOf(tree);
    if (root.kind == Form::kName && FindBound(root.text) == nullptr) {
      const auto name = QualifiedName(tree);
      if (name && NamedType(*name) != nullptr) return TypeName(tree, *name, tree.place);
    } else if (const auto name = QualifiedName(tree); name && FindBound(*name) != nullptr) {
      // A variable whose own name has dots.
      tree.kind = Form::kName;
      tree.text = *name;
      tree.operands.clear();
      return Name(tree);
    }
    return Member(tree, Visit(*tree.operands[0]));
  }

  TypePtr Member(const Expression& tree, const TypePtr& target) {
    const TypePtr type = types_.Resolve(target);
    switch (type->kind) {
      case Kind::kDyn:
      case Kind::kUnknown:
        return Dyn();
      case Kind::kMap:
        return type->parameters[1];
      case Kind::kOptional: {
        const TypePtr inner = Member(tree, type->parameters[0]);
        return inner->Is(Kind::kOptional) ? inner : OptionalType(inner);
      }
      case Kind::kObject: {
        const Field* field = type->FindField(tree.text);
        if (field != nullptr) return field->type;
        return Refuse(tree.place, Concat("undefined field '", tree.text, "'"));
      }
      default:
        return Refuse(tree.place,
                      Concat("type '", type->ToString(), "' does not support field selection"));
    }
  }

  TypePtr Callee(Expression& tree) {
    if (tree.member) Qualify(tree);
    tree.function = FindFunction(tree.text);
    // What is formatted may be of any types.
    const bool mixed = std::exchange(mixed_, mixed_ || tree.text == "format");
    std::vector<TypePtr> given;
    for (const auto& one : tree.operands) given.push_back(Visit(*one));
    mixed_ = mixed;
    if (tree.function == nullptr) {
      return Refuse(tree.place,
                    Concat("undeclared reference to '", tree.text, "' (in container '')"));
    }
    CheckLiterals(tree);
    return Resolve(tree, given);
  }

  // sets.contains(a, b) is no member of anything.
  void Qualify(Expression& tree) {
    const Expression& target = *tree.operands[0];
    const Expression& root = RootOf(target);
    if (root.kind != Form::kName || FindBound(root.text) != nullptr) return;
    const auto name = QualifiedName(target);
    if (!name) return;
    const std::string full = Concat(*name, ".", tree.text);
    if (FindFunction(full) == nullptr) return;
    tree.text = full;
    tree.member = false;
    tree.operands.erase(tree.operands.begin());
  }

  TypePtr Resolve(Expression& tree, const std::vector<TypePtr>& given) {
    TypePtr result;
    for (const Overload& overload : tree.function->overloads) {
      if (overload.member != tree.member || overload.parameters.size() != given.size()) continue;
      std::map<std::string, TypePtr> fresh;
      const size_t mark = types_.Mark();
      bool fits = true;
      for (size_t i = 0; fits && i < given.size(); ++i) {
        fits = types_.Unify(given[i], types_.Renew(overload.parameters[i], fresh));
      }
      if (!fits) {
        types_.Forget(mark);
        continue;
      }
      TypePtr own = types_.Resolve(types_.Renew(overload.result, fresh));
      if (result == nullptr) {
        result = std::move(own);
      } else if (own->ToString() != result->ToString()) {
        return Dyn();
      }
    }
    if (result != nullptr) return result;
    std::string applied;
    for (size_t i = tree.member ? 1 : 0; i < given.size(); ++i) {
      applied += (applied.empty() ? "" : ", ") + types_.Resolve(given[i], true)->ToString();
    }
    applied = Concat("(", applied, ")");
    if (tree.member) {
      applied = Concat(types_.Resolve(given[0], true)->ToString(), ".", applied);
    }
    return Refuse(tree.place, Concat("found no matching overload for '", tree.text,
                                     "' applied to '", applied, "'"));
  }

  // Texts that are known beforehand are looked at once.
  void CheckLiterals(Expression& tree) {
    const auto literal = [&](size_t index) -> const Value* {
      if (index >= tree.operands.size()) return nullptr;
      const Expression& one = *tree.operands[index];
      const bool text = one.kind == Form::kLiteral && one.value.Is(Value::Kind::kString);
      return text ? &one.value : nullptr;
    };
    const std::string& name = tree.text;
    if (name == "matches" || name == "find" || name == "findAll") {
      const Value* pattern = literal(1);
      if (pattern == nullptr) return;
      const std::string_view text = pattern->GetString();
      auto compiled =
          std::make_shared<re2::RE2>(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet);
      if (!compiled->ok()) {
        Refuse(tree.operands[1]->place, Concat("invalid ", name, " argument"));
      }
      tree.prepared = std::move(compiled);
      return;
    }
    const Value* text = tree.operands.size() == 1 ? literal(0) : nullptr;
    if (text == nullptr) return;
    const bool bad = (name == "duration" && !ReadDuration(text->GetString())) ||
                     (name == "timestamp" && !ReadTimestamp(text->GetString()));
    if (bad) Refuse(tree.operands[0]->place, Concat("invalid ", name, " argument"));
  }

  TypePtr Conditional(Expression& tree) {
    std::vector<TypePtr> given;
    for (const auto& one : tree.operands) given.push_back(Visit(*one));
    const TypePtr joined = types_.Fresh();
    if (types_.Unify(given[0], BoolType()) && types_.Unify(given[1], joined) &&
        types_.Unify(given[2], joined)) {
      return types_.Resolve(joined);
    }
    return Refuse(tree.place, Concat("found no matching overload for '_?_:_' applied to '(",
                                     types_.Resolve(given[0], true)->ToString(), ", ",
                                     types_.Resolve(given[1], true)->ToString(), ", ",
                                     types_.Resolve(given[2], true)->ToString(), ")'"));
  }

  // Of an element or entry: what an optional one holds.
  TypePtr Held(const Expression& tree, const TypePtr& given, bool optional) {
    if (!optional) return given;
    const TypePtr inner = types_.Fresh();
    WantType(tree, given, OptionalType(inner));
    return types_.Resolve(inner);
  }

  TypePtr ListLiteral(Expression& tree) {
    const TypePtr element = types_.Fresh();
    for (size_t i = 0; i < tree.operands.size(); ++i) {
      const Expression& one = *tree.operands[i];
      WantLike(one, Held(one, Visit(*tree.operands[i]), tree.optionals[i]), element);
    }
    return ListType(types_.Resolve(element));
  }

  TypePtr MapLiteral(Expression& tree) {
    const TypePtr key = types_.Fresh();
    const TypePtr value = types_.Fresh();
    for (size_t i = 0; i < tree.operands.size(); i += 2) {
      WantLike(*tree.operands[i], Visit(*tree.operands[i]), key);
      const Expression& one = *tree.operands[i + 1];
      WantLike(one, Held(one, Visit(*tree.operands[i + 1]), tree.optionals[i / 2]), value);
    }
    return MapType(types_.Resolve(key), types_.Resolve(value));
  }

  TypePtr ObjectLiteral(Expression& tree) {
    TypePtr type;
    for (const TypePtr& one : objects_) {
      if (one->name == tree.text) type = one;
      // What lies within an object that nothing is known of is of a type by its place.
      if (one->fields.empty() && tree.text.starts_with(one->name + ".")) {
        type = ObjectType(tree.text, {});
      }
    }
    if (type == nullptr) {
      for (const auto& one : tree.operands) Visit(*one);
      return Refuse(tree.place,
                    Concat("undeclared reference to '", tree.text, "' (in container '')"));
    }
    for (size_t i = 0; i < tree.operands.size(); ++i) {
      const Expression& one = *tree.operands[i];
      const TypePtr given = Held(one, Visit(*tree.operands[i]), tree.optionals[i]);
      const Field* field = type->FindField(tree.fields[i]);
      if (field != nullptr) {
        WantType(one, given, field->type);
      } else if (!type->fields.empty()) {
        Refuse(tree.place, Concat("undefined field '", tree.fields[i], "'"));
      }
    }
    return type;
  }

  // What a macro's names stand for within it.
  void Bind(Expression& tree, std::vector<TypePtr> types) {
    tree.slot = slots_;
    for (size_t i = 0; i < tree.variables.size(); ++i) {
      scope_.push_back({tree.variables[i], std::move(types[i]), slots_++});
    }
  }
  void Unbind(const Expression& tree) { scope_.resize(scope_.size() - tree.variables.size()); }

  TypePtr MacroCall(Expression& tree) {
    const TypePtr range = types_.Resolve(Visit(*tree.operands[0]));
    if (tree.macro == Macro::kOptMap || tree.macro == Macro::kOptFlatMap) {
      return OptionalMacro(tree, range);
    }
    TypePtr key = Dyn();
    TypePtr element = Dyn();
    const bool two = tree.variables.size() == 2;
    if (range->Is(Kind::kList)) {
      key = SimpleType(Kind::kInt);
      element = range->parameters[0];
    } else if (range->Is(Kind::kMap)) {
      key = range->parameters[0];
      element = two ? range->parameters[1] : key;
    } else if (!range->Is(Kind::kDyn) && !range->Is(Kind::kUnknown)) {
      Refuse(tree.operands[0]->place,
             Concat("expression of type '", range->ToString(),
                    "' cannot be range of a comprehension (must be list, map, or dynamic)"));
    }
    Bind(tree, two ? std::vector<TypePtr>{key, element} : std::vector<TypePtr>{element});
    std::vector<TypePtr> bodies;
    for (size_t i = 1; i < tree.operands.size(); ++i) bodies.push_back(Visit(*tree.operands[i]));
    if (bodies.size() == 2) WantType(*tree.operands[1], bodies[0], BoolType());
    const TypePtr result = ResultOf(tree, key, element, bodies);
    Unbind(tree);
    return result;
  }

  TypePtr ResultOf(const Expression& tree, const TypePtr& key, const TypePtr& element,
                   const std::vector<TypePtr>& bodies) {
    const Expression& body = *tree.operands.back();
    switch (tree.macro) {
      case Macro::kAll:
      case Macro::kExists:
      case Macro::kExistsOne:
        WantType(body, bodies.back(), BoolType());
        return BoolType();
      case Macro::kFilter:
        WantType(body, bodies.back(), BoolType());
        return ListType(element);
      case Macro::kSortBy:
        return ListType(element);
      case Macro::kMap:
      case Macro::kTransformList:
        return ListType(types_.Resolve(bodies.back()));
      case Macro::kTransformMap:
        return MapType(key, types_.Resolve(bodies.back()));
      default: {
        const TypePtr entry = MapType(types_.Fresh(), types_.Fresh());
        WantType(body, bodies.back(), entry);
        return types_.Resolve(entry);
      }
    }
  }

  TypePtr OptionalMacro(Expression& tree, const TypePtr& target) {
    const TypePtr inner = types_.Fresh();
    WantType(*tree.operands[0], target, OptionalType(inner));
    Bind(tree, {types_.Resolve(inner)});
    TypePtr body = types_.Resolve(Visit(*tree.operands[1]));
    Unbind(tree);
    if (tree.macro == Macro::kOptMap) return OptionalType(std::move(body));
    WantType(*tree.operands[1], body, OptionalType(types_.Fresh()));
    return body;
  }

  const std::vector<TypePtr>& objects_;
  std::vector<Issue>& issues_;
  std::vector<Bound> scope_;
  size_t variables_ = 0;
  int slots_ = 0;
  std::vector<bool> used_;
  bool mixed_ = false;  // literals may hold what is of different types
  Unification types_;
};

}  // namespace

Checked Check(const std::vector<Variable>& variables, const std::vector<TypePtr>& objects,
              Expression& tree, std::vector<Issue>& issues) {
  return Checker(variables, objects, issues).Run(tree);
}

}  // namespace kvplane::cel
