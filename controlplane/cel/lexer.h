// Lexer: the words of an expression.
//
// Thread safety: pure functions.
//
//   Lex("a.b + 1u", tokens, issues);   // name a, '.', name b, '+', number "1u", end
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cel/issue.h"

namespace kvplane::cel {

struct Token {
  enum class Kind : uint8_t { kEnd, kName, kInt, kUint, kDouble, kString, kBytes, kSymbol };

  Kind kind = Kind::kEnd;
  std::string text;  // of a string: what it stands for; of others: as it is written
  size_t place = 0;  // in characters

  bool Is(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  bool IsWord(std::string_view word) const { return kind == Kind::kName && text == word; }
};

// Ends with kEnd. False where there were issues.
bool Lex(std::string_view text, std::vector<Token>& tokens, std::vector<Issue>& issues);

}  // namespace kvplane::cel
