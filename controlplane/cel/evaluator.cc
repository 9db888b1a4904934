#include "cel/evaluator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;
using Node = Expression::Kind;
using Kind = Value::Kind;

class Evaluator {
 public:
  Evaluator(std::vector<Value> slots, Budget& budget) : slots_(std::move(slots)), budget_(budget) {}

  Value Visit(const Expression& tree) {
    if (!budget_.Charge() || !budget_.ChargeBytes(tree.text.size())) return Exhausted();
    switch (tree.kind) {
      case Node::kLiteral:
        return tree.value;
      case Node::kName:
        return slots_[tree.slot];
      case Node::kSelect:
        return Member(tree, Visit(*tree.operands[0]));
      case Node::kPresence:
        return Presence(tree, Visit(*tree.operands[0]));
      case Node::kOptSelect:
        return OptionalMember(tree, Visit(*tree.operands[0]));
      case Node::kCall:
        return Callee(tree);
      case Node::kAnd:
        return Junction(tree, false);
      case Node::kOr:
        return Junction(tree, true);
      case Node::kConditional:
        return Conditional(tree);
      case Node::kList:
        return ListLiteral(tree);
      case Node::kMap:
        return MapLiteral(tree);
      case Node::kObject:
        return ObjectLiteral(tree);
      case Node::kMacro:
        return MacroCall(tree);
    }
    return {};
  }

  static Value Exhausted() {
    return Value::Error("operation cancelled: actual cost limit exceeded");
  }

 private:
  static Value NoKey(std::string_view name) { return Value::Error(Concat("no such key: ", name)); }
  // Of what has no members: what lies in a document may be of any kind, and then lacks them.
  static Value NoMember(const Value& target, std::string_view name) {
    if (target.Is(Kind::kList)) {
      return Value::Error("unsupported index type 'string' in list");
    }
    return target.Is(Kind::kOpaque) ? NoSuchOverload() : NoKey(name);
  }

  static Value Member(const Expression& tree, Value target) {
    if (target.IsError()) return target;
    if (target.Is(Kind::kOptional)) return OptionalMember(tree, std::move(target));
    if (!target.Is(Kind::kMap)) return NoMember(target, tree.text);
    auto found = target.GetMap().Find(Value::StringIn(tree.text));
    return found ? *std::move(found) : NoKey(tree.text);
  }

  static Value Presence(const Expression& tree, Value target) {
    if (target.IsError()) return target;
    if (target.Is(Kind::kOptional)) {
      const Value* inner = target.GetOptional();
      if (inner == nullptr) return Value::Bool(false);
      return Presence(tree, *inner);
    }
    if (target.Is(Kind::kList) || target.Is(Kind::kOpaque)) return NoMember(target, tree.text);
    if (!target.Is(Kind::kMap)) return Value::Bool(false);
    return Value::Bool(target.GetMap().Find(Value::StringIn(tree.text)).has_value());
  }

  // None where the member is missing, whatever may be there is wrapped.
  static Value OptionalMember(const Expression& tree, Value target) {
    if (target.IsError()) return target;
    if (target.Is(Kind::kOptional)) {
      const Value* inner = target.GetOptional();
      if (inner == nullptr) return target;
      target = Value(*inner);
    }
    if (!target.Is(Kind::kMap)) return Value::None();
    auto found = target.GetMap().Find(Value::StringIn(tree.text));
    if (!found) return Value::None();
    if (found->IsError() || found->Is(Kind::kOptional)) return *std::move(found);
    return Value::Some(*std::move(found));
  }

  Value Callee(const Expression& tree) {
    constexpr size_t kFew = 4;
    std::array<Value, kFew> few;
    std::vector<Value> many;
    const size_t count = tree.operands.size();
    if (count > kFew) many.resize(count);
    Value* const arguments = count > kFew ? many.data() : few.data();
    for (size_t i = 0; i < count; ++i) {
      arguments[i] = Visit(*tree.operands[i]);
      if (arguments[i].IsError()) return arguments[i];
      // Whatever a function does with a text, it looks at it.
      const bool text = arguments[i].Is(Kind::kString) || arguments[i].Is(Kind::kBytes);
      if (text && !budget_.ChargeBytes(arguments[i].GetString().size() / 10)) return Exhausted();
    }
    return tree.function->function({tree.text, {arguments, count}, budget_, tree.prepared.get()});
  }

  // What decides does so, even beside an error.
  Value Junction(const Expression& tree, bool decides) {
    std::optional<Value> trouble;
    for (const auto& one : tree.operands) {
      Value value = Visit(*one);
      if (budget_.exhausted()) return Exhausted();
      if (value.Is(Kind::kBool)) {
        if (value.GetBool() == decides) return value;
      } else if (!trouble) {
        trouble = value.IsError() ? std::move(value) : NoSuchOverload();
      }
    }
    return trouble ? *std::move(trouble) : Value::Bool(!decides);
  }

  Value Conditional(const Expression& tree) {
    const Value condition = Visit(*tree.operands[0]);
    if (condition.IsError()) return condition;
    if (!condition.Is(Kind::kBool)) return NoSuchOverload();
    return Visit(*tree.operands[condition.GetBool() ? 1 : 2]);
  }

  // Of an element that may be left out: false where it is; an error becomes the value.
  static bool Unwrap(bool optional, Value& value) {
    if (!optional || value.IsError()) return true;
    if (!value.Is(Kind::kOptional)) {
      value = Value::Error("cannot initialize optional element from a value that is none");
      return true;
    }
    const Value* inner = value.GetOptional();
    if (inner == nullptr) return false;
    value = Value(*inner);
    return true;
  }

  Value ListLiteral(const Expression& tree) {
    std::vector<Value> elements;
    elements.reserve(tree.operands.size());
    for (size_t i = 0; i < tree.operands.size(); ++i) {
      Value element = Visit(*tree.operands[i]);
      if (!Unwrap(tree.optionals[i], element)) continue;
      if (element.IsError()) return element;
      elements.push_back(std::move(element));
    }
    return Value::ListOf(std::move(elements));
  }

  static Value Put(MapBuilder& map, const Value& key, Value value) {
    switch (map.Add(key, std::move(value))) {
      case MapBuilder::Outcome::kUnsupported:
        return Value::Error("unsupported key type");
      case MapBuilder::Outcome::kRepeated:
        return Value::Error("Failed with repeated key");
      default:
        return {};
    }
  }

  Value MapLiteral(const Expression& tree) {
    MapBuilder map;
    for (size_t i = 0; i < tree.operands.size(); i += 2) {
      Value key = Visit(*tree.operands[i]);
      if (key.IsError()) return key;
      Value value = Visit(*tree.operands[i + 1]);
      if (!Unwrap(tree.optionals[i / 2], value)) continue;
      if (value.IsError()) return value;
      Value put = Put(map, key, std::move(value));
      if (put.IsError()) return put;
    }
    return map.Build();
  }

  Value ObjectLiteral(const Expression& tree) {
    MapBuilder map;
    for (size_t i = 0; i < tree.operands.size(); ++i) {
      Value value = Visit(*tree.operands[i]);
      if (!Unwrap(tree.optionals[i], value)) continue;
      if (value.IsError()) return value;
      Value put = Put(map, Value::StringIn(tree.fields[i]), std::move(value));
      if (put.IsError()) return put;
    }
    return map.Build();
  }

  Value MacroCall(const Expression& tree) {
    Value range = Visit(*tree.operands[0]);
    if (range.IsError()) return range;
    if (tree.macro == Macro::kOptMap || tree.macro == Macro::kOptFlatMap) {
      return OptionalMacro(tree, range);
    }
    Gathering gathering;
    const bool two = tree.variables.size() == 2;
    const auto bind = [&](Value key, Value element) {
      if (two) slots_[tree.slot + 1] = std::move(element);
      slots_[tree.slot] = std::move(key);
      return Gather(tree, gathering);
    };
    if (range.Is(Kind::kList)) {
      const List& list = range.GetList();
      const size_t size = list.Size();
      for (size_t i = 0; i < size; ++i) {
        Value element = list.At(i);
        if (element.IsError()) return element;
        const auto index = static_cast<int64_t>(i);
        if (!(two ? bind(Value::Int(index), std::move(element)) : bind(std::move(element), {}))) {
          break;
        }
      }
    } else if (range.Is(Kind::kMap) && !range.GetMap().IsObject()) {
      range.GetMap().Visit([&](const Value& key, const Value& value) { return bind(key, value); });
    } else {
      return NoSuchOverload();
    }
    if (budget_.exhausted()) return Exhausted();
    return Finish(tree, gathering);
  }

  // What a macro has come to so far.
  struct Gathering {
    std::optional<Value> result;  // that ends it
    std::optional<Value> trouble;
    size_t count = 0;
    std::vector<Value> elements;
    std::vector<Value> keys;  // to sort by
    MapBuilder map;
  };

  // Of the element that is bound. False where no other is wanted.
  bool Gather(const Expression& tree, Gathering& out) {
    const auto end = [&out](Value value) {
      out.result = std::move(value);
      return false;
    };
    if (budget_.exhausted()) return false;
    Value body = Visit(*tree.operands[1]);
    const bool quantifier = tree.macro == Macro::kAll || tree.macro == Macro::kExists;
    if (quantifier) {
      const bool decides = tree.macro == Macro::kExists;
      if (body.Is(Kind::kBool)) return body.GetBool() != decides || end(std::move(body));
      if (!out.trouble) out.trouble = body.IsError() ? std::move(body) : NoSuchOverload();
      return true;
    }
    if (body.IsError()) return end(std::move(body));
    const Value& element = slots_[tree.slot];
    const bool filtered = tree.operands.size() == 3 || tree.macro == Macro::kFilter ||
                          tree.macro == Macro::kExistsOne;
    if (filtered) {
      if (!body.Is(Kind::kBool)) return end(NoSuchOverload());
      if (!body.GetBool()) return true;
      if (tree.macro == Macro::kFilter) out.elements.push_back(element);
      ++out.count;
      if (tree.operands.size() == 2) return true;
      body = Visit(*tree.operands[2]);
      if (body.IsError()) return end(std::move(body));
    }
    switch (tree.macro) {
      case Macro::kTransformMap:
        body = Put(out.map, element, std::move(body));
        break;
      case Macro::kTransformMapEntry:
        body = PutAll(out.map, body);
        break;
      case Macro::kSortBy:
        out.keys.push_back(std::move(body));
        out.elements.push_back(element);
        return true;
      default:
        out.elements.push_back(std::move(body));
        return true;
    }
    return !body.IsError() || end(std::move(body));
  }

  static Value PutAll(MapBuilder& map, const Value& entries) {
    if (!entries.Is(Kind::kMap)) return NoSuchOverload();
    Value put;
    entries.GetMap().Visit([&](const Value& key, const Value& value) {
      put = Put(map, key, value);
      return !put.IsError();
    });
    return put;
  }

  Value Finish(const Expression& tree, Gathering& gathered) {
    if (gathered.result) return *std::move(gathered.result);
    if (gathered.trouble) return *std::move(gathered.trouble);
    switch (tree.macro) {
      case Macro::kAll:
        return Value::Bool(true);
      case Macro::kExists:
        return Value::Bool(false);
      case Macro::kExistsOne:
        return Value::Bool(gathered.count == 1);
      case Macro::kTransformMap:
      case Macro::kTransformMapEntry:
        return gathered.map.Build();
      case Macro::kSortBy:
        return Sorted(gathered);
      default:
        return Value::ListOf(std::move(gathered.elements));
    }
  }

  Value Sorted(const Gathering& gathered) {
    const std::vector<Value>& keys = gathered.keys;
    std::vector<size_t> places(keys.size());
    for (size_t i = 0; i < places.size(); ++i) {
      places[i] = i;
      if (keys[i].kind() != keys[0].kind() || !Compare(keys[0], keys[i], budget_)) {
        return Value::Error("list elements must have the same type, and be comparable");
      }
    }
    std::stable_sort(places.begin(), places.end(), [&](size_t a, size_t b) {
      return Compare(keys[a], keys[b], budget_)->sign < 0;
    });
    std::vector<Value> out;
    out.reserve(places.size());
    for (const size_t place : places) out.push_back(gathered.elements[place]);
    return Value::ListOf(std::move(out));
  }

  Value OptionalMacro(const Expression& tree, const Value& target) {
    if (!target.Is(Kind::kOptional)) return NoSuchOverload();
    const Value* inner = target.GetOptional();
    if (inner == nullptr) return target;
    slots_[tree.slot] = *inner;
    Value body = Visit(*tree.operands[1]);
    if (body.IsError() || tree.macro == Macro::kOptFlatMap) return body;
    return Value::Some(std::move(body));
  }

  std::vector<Value> slots_;
  Budget& budget_;
};

}  // namespace

Value Evaluate(const Expression& tree, std::vector<Value> slots, Budget& budget) {
  Value out = Evaluator(std::move(slots), budget).Visit(tree);
  return budget.exhausted() ? Evaluator::Exhausted() : out;
}

}  // namespace kvplane::cel
