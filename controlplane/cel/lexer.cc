#include "cel/lexer.h"

#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "api/utf8.h"
#include "base/strings.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool IsNameStart(char c) { return c == '_' || std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

void AppendCharacter(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, std::vector<Token>& tokens, std::vector<Issue>& issues)
      : text_(text), tokens_(tokens), issues_(issues) {}

  bool Run() {
    while (issues_.empty()) {
      SkipBlanks();
      begin_ = place_;
      if (at_ >= text_.size()) break;
      One();
    }
    begin_ = place_;
    Push(Token::Kind::kEnd, "<EOF>");
    return issues_.empty();
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char Next() {
    const char c = text_[at_++];
    if (at_ >= text_.size() || (static_cast<unsigned char>(text_[at_]) & 0xc0) != 0x80) ++place_;
    return c;
  }
  void Skip(size_t count) {
    while (count-- > 0 && at_ < text_.size()) Next();
  }
  void Push(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), begin_});
  }
  void Refuse(std::string why) { issues_.push_back({begin_, "Syntax error: " + std::move(why)}); }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      const char c = Peek();
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') {
        Next();
      } else if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && Peek() != '\n') Next();
      } else {
        return;
      }
    }
  }

  void One() {
    const char c = Peek();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (c == '"' || c == '\'') return String(false, false);
    if (IsNameStart(c)) {
      // Up to two letters may stand before a string.
      size_t letters = 0;
      bool raw = false;
      bool bytes = false;
      while (letters < 2) {
        const char letter = Peek(letters);
        if ((letter == 'r' || letter == 'R') && !raw) {
          raw = true;
        } else if ((letter == 'b' || letter == 'B') && !bytes) {
          bytes = true;
        } else {
          break;
        }
        ++letters;
      }
      if (letters > 0 && (Peek(letters) == '"' || Peek(letters) == '\'')) {
        Skip(letters);
        return String(raw, bytes);
      }
      std::string name;
      while (IsNamePart(Peek())) name += Next();
      return Push(Token::Kind::kName, std::move(name));
    }
    static constexpr std::array<std::string_view, 6> kTwo = {"==", "!=", "<=", ">=", "&&", "||"};
    for (const std::string_view symbol : kTwo) {
      if (text_.substr(at_, 2) != symbol) continue;
      Skip(2);
      return Push(Token::Kind::kSymbol, std::string(symbol));
    }
    static constexpr std::string_view kOne = "<>()[]{}.,:?!+-*/%";
    if (kOne.find(c) == std::string_view::npos) {
      size_t bytes = 1;
      while ((static_cast<unsigned char>(Peek(bytes)) & 0xc0) == 0x80) ++bytes;
      return Refuse(Concat("token recognition error at: '", text_.substr(at_, bytes), "'"));
    }
    Push(Token::Kind::kSymbol, std::string(1, Next()));
  }

  void Number() {
    std::string out;
    Token::Kind kind = Token::Kind::kInt;
    if (Peek() == '0' && Peek(1) == 'x' && IsHex(Peek(2))) {
      out += Next();
      out += Next();
      while (IsHex(Peek())) out += Next();
    } else {
      while (IsDigit(Peek())) out += Next();
      if (Peek() == '.' && IsDigit(Peek(1))) {
        kind = Token::Kind::kDouble;
        out += Next();
        while (IsDigit(Peek())) out += Next();
      }
      const bool sign = Peek(1) == '+' || Peek(1) == '-';
      if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(sign ? 2 : 1))) {
        kind = Token::Kind::kDouble;
        out += Next();
        if (sign) out += Next();
        while (IsDigit(Peek())) out += Next();
      }
    }
    if (kind == Token::Kind::kInt && (Peek() == 'u' || Peek() == 'U')) {
      Next();
      kind = Token::Kind::kUint;
    }
    Push(kind, std::move(out));
  }

  void String(bool raw, bool bytes) {
    const char quote = Next();
    const bool triple = Peek() == quote && Peek(1) == quote;
    if (triple) Skip(2);
    std::string out;
    while (true) {
      if (at_ >= text_.size() || (!triple && (Peek() == '\n' || Peek() == '\r'))) {
        return Refuse("unterminated string literal");
      }
      if (Peek() == quote && (!triple || (Peek(1) == quote && Peek(2) == quote))) break;
      if (Peek() != '\\') {
        out += Next();
      } else if (raw) {
        out += Next();
        if (at_ < text_.size()) out += Next();
      } else if (!Escaped(bytes, out)) {
        return Refuse("invalid escape sequence in string literal");
      }
    }
    Skip(triple ? 3 : 1);
    Push(bytes ? Token::Kind::kBytes : Token::Kind::kString, std::move(out));
  }

  std::optional<uint32_t> Digits(size_t count, int base) {
    uint32_t point = 0;
    for (size_t i = 0; i < count; ++i) {
      const char c = Peek();
      const int digit = IsDigit(c) ? c - '0' : IsHex(c) ? (c | 0x20) - 'a' + 10 : base;
      if (digit >= base) return std::nullopt;
      point = point * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
      Next();
    }
    return point;
  }

  bool Escaped(bool bytes, std::string& out) {
    Next();
    const char c = Peek();
    static constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
    static constexpr std::string_view kStandFor = "\a\b\f\n\r\t\v\\?\"'`";
    if (const size_t letter = kLetters.find(c); c != '\0' && letter != std::string_view::npos) {
      Next();
      out += kStandFor[letter];
      return true;
    }
    std::optional<uint32_t> point;
    bool byte = true;
    if (c == 'x' || c == 'X') {
      Next();
      point = Digits(2, 16);
    } else if (c >= '0' && c <= '3') {
      point = Digits(3, 8);
    } else if ((c == 'u' || c == 'U') && !bytes) {
      Next();
      byte = false;
      point = Digits(c == 'u' ? 4 : 8, 16);
    }
    if (!point || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000)) return false;
    if (byte && bytes) {
      out += static_cast<char>(*point);
    } else {
      AppendCharacter(out, *point);
    }
    return true;
  }

  const std::string_view text_;
  std::vector<Token>& tokens_;
  std::vector<Issue>& issues_;
  size_t at_ = 0;
  size_t place_ = 0;
  size_t begin_ = 0;
};

}  // namespace

bool Lex(std::string_view text, std::vector<Token>& tokens, std::vector<Issue>& issues) {
  return Lexer(text, tokens, issues).Run();
}

}  // namespace kvplane::cel
