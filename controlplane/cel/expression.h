// Expression: what the parser makes of a text: a tree, in which macros are nodes of their own.
//
// Thread safety: immutable once parsed, but for what the checker notes in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cel/value.h"

namespace kvplane::cel {

struct FunctionDefinition;

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class Macro : uint8_t {
  kAll,
  kExists,
  kExistsOne,
  kMap,  // also with a filter
  kFilter,
  kTransformList,  // also with a filter, as those that follow
  kTransformMap,
  kTransformMapEntry,
  kSortBy,
  kOptMap,
  kOptFlatMap,
};

struct Expression {
  enum class Kind : uint8_t {
    kLiteral,    // value
    kName,       // text: a variable, or a type
    kSelect,     // operands[0].text
    kPresence,   // has(operands[0].text)
    kOptSelect,  // operands[0].?text
    kCall,       // text(operands…); the first is the target where member is set
    kAnd,
    kOr,
    kConditional,
    kList,    // operands; those of optionals are optional values
    kMap,     // operands: key, value, key, value…
    kObject,  // text{fields[i]: operands[i]}
    kMacro,   // operands: range, then the bodies; variables: names
  };

  Kind kind = Kind::kLiteral;
  size_t place = 0;   // in the text, in characters
  size_t height = 1;  // of the tree
  std::string text;
  Value value;
  bool member = false;
  std::vector<ExpressionPtr> operands;
  std::vector<bool> optionals;  // of a list's elements, a map's entries, an object's fields
  std::vector<std::string> fields;
  Macro macro = Macro::kAll;
  std::vector<std::string> variables;

  // The checker's notes.
  int slot = -1;  // of a variable, or the first of a macro's
  const FunctionDefinition* function = nullptr;
  std::shared_ptr<const void> prepared;  // a pattern that is known beforehand
};

}  // namespace kvplane::cel
