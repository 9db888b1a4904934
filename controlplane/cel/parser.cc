#include "cel/parser.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "base/strings.h"
#include "cel/lexer.h"
#include "cel/macros.h"

namespace kvplane::cel {

namespace {

using kvshim::base::Concat;
using Kind = Expression::Kind;

bool IsReserved(std::string_view name) {
  static const std::set<std::string_view> kWords = {
      "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
      "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
  return kWords.contains(name);
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::vector<Issue>& issues)
      : tokens_(std::move(tokens)), issues_(issues) {}

  ExpressionPtr Run() {
    ExpressionPtr out = Conditional();
    if (issues_.empty() && Peek().kind != Token::Kind::kEnd) {
      Refuse(Peek().place,
             Concat("Syntax error: extraneous input '", Peek().text, "' expecting <EOF>"));
    }
    return issues_.empty() ? std::move(out) : nullptr;
  }

 private:
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool Takes(std::string_view symbol) {
    if (!Peek().Is(symbol)) return false;
    ++at_;
    return true;
  }
  void Refuse(size_t place, std::string why) {
    if (issues_.empty()) issues_.push_back({place, std::move(why)});
    at_ = tokens_.size() - 1;  // nothing more is read
  }
  void Unexpected(std::string_view wanted = "IDENTIFIER") {
    Refuse(Peek().place,
           Concat("Syntax error: mismatched input '", Peek().text, "' expecting ", wanted));
  }
  void Want(std::string_view symbol) {
    if (Takes(symbol)) return;
    Refuse(Peek().place, Concat("Syntax error: missing '", symbol, "' at '", Peek().text, "'"));
  }

  static ExpressionPtr Make(Kind kind, size_t place, std::string text = {}) {
    auto out = std::make_unique<Expression>();
    out->kind = kind;
    out->place = place;
    out->text = std::move(text);
    return out;
  }
  ExpressionPtr Call(size_t place, std::string function, std::vector<ExpressionPtr> operands) {
    ExpressionPtr out = Make(Kind::kCall, place, std::move(function));
    out->operands = std::move(operands);
    return Measured(std::move(out));
  }
  // Chains grow without nesting in the text; what walks the tree must not run out of its stack.
  ExpressionPtr Measured(ExpressionPtr out) {
    for (const ExpressionPtr& one : out->operands) {
      if (one != nullptr) out->height = std::max(out->height, one->height + 1);
    }
    if (out->height > 2 * kMaxNesting) {
      Refuse(out->place, Concat("expression recursion limit exceeded: ", kMaxNesting));
    }
    return out;
  }
  ExpressionPtr Call(size_t place, std::string function, ExpressionPtr a, ExpressionPtr b) {
    std::vector<ExpressionPtr> operands;
    operands.push_back(std::move(a));
    operands.push_back(std::move(b));
    return Call(place, std::move(function), std::move(operands));
  }

  ExpressionPtr Conditional() {
    if (++depth_ > kMaxNesting) {
      Refuse(Peek().place, Concat("expression recursion limit exceeded: ", kMaxNesting));
    }
    ExpressionPtr condition = Junction(Kind::kOr);
    const size_t place = Peek().place;
    if (issues_.empty() && Takes("?")) {
      ExpressionPtr out = Make(Kind::kConditional, place, "_?_:_");
      out->operands.push_back(std::move(condition));
      out->operands.push_back(Junction(Kind::kOr));
      Want(":");
      out->operands.push_back(issues_.empty() ? Conditional() : nullptr);
      condition = Measured(std::move(out));
    }
    --depth_;
    return condition;
  }

  ExpressionPtr Junction(Kind kind) {
    const auto below = [&] { return kind == Kind::kOr ? Junction(Kind::kAnd) : Relation(); };
    ExpressionPtr first = below();
    const std::string_view symbol = kind == Kind::kOr ? "||" : "&&";
    if (!Peek().Is(symbol)) return first;
    ExpressionPtr out = Make(kind, Peek().place, kind == Kind::kOr ? "_||_" : "_&&_");
    out->operands.push_back(std::move(first));
    while (Takes(symbol)) out->operands.push_back(below());
    return Measured(std::move(out));
  }

  ExpressionPtr Relation() {
    ExpressionPtr left = Sum();
    while (true) {
      const Token& token = Peek();
      const size_t place = token.place;
      std::string function;
      for (const std::string_view symbol : {"==", "!=", "<=", ">=", "<", ">"}) {
        if (token.Is(symbol)) function = Concat("_", symbol, "_");
      }
      if (token.IsWord("in")) function = "@in";
      if (function.empty()) return left;
      ++at_;
      left = Call(place, std::move(function), std::move(left), Sum());
    }
  }

  ExpressionPtr Sum() {
    ExpressionPtr left = Product();
    while (Peek().Is("+") || Peek().Is("-")) {
      const Token token = Peek();
      ++at_;
      left = Call(token.place, Concat("_", token.text, "_"), std::move(left), Product());
    }
    return left;
  }

  ExpressionPtr Product() {
    ExpressionPtr left = Unary();
    while (Peek().Is("*") || Peek().Is("/") || Peek().Is("%")) {
      const Token token = Peek();
      ++at_;
      left = Call(token.place, Concat("_", token.text, "_"), std::move(left), Unary());
    }
    return left;
  }

  ExpressionPtr Unary() {
    const Token token = Peek();
    if (!token.Is("!") && !token.Is("-")) return Member(Primary());
    size_t times = 0;
    while (Peek().Is(token.text)) {
      ++times;
      ++at_;
    }
    const Token::Kind kind = Peek().kind;
    const bool number = kind == Token::Kind::kInt || kind == Token::Kind::kDouble;
    if (token.Is("-") && times == 1 && number) return Member(Number(token.place, true));
    ExpressionPtr operand = Member(Primary());
    if (times % 2 == 0) return operand;
    std::vector<ExpressionPtr> operands;
    operands.push_back(std::move(operand));
    return Call(token.place, token.Is("!") ? "!_" : "-_", std::move(operands));
  }

  ExpressionPtr Member(ExpressionPtr target) {
    while (issues_.empty()) {
      const size_t place = Peek().place;
      if (Takes(".")) {
        const bool optional = Takes("?");
        const Token name = Peek();
        if (name.kind != Token::Kind::kName || name.text == "in" || name.text == "true" ||
            name.text == "false" || name.text == "null") {
          Unexpected();
          return target;
        }
        ++at_;
        const size_t open = Peek().place;
        if (!optional && Takes("(")) {
          std::vector<ExpressionPtr> operands;
          operands.push_back(std::move(target));
          Arguments(")", operands);
          target = Call(open, name.text, std::move(operands));
          target->member = true;
          if (issues_.empty()) ExpandMacro(*target, issues_);
          if (!issues_.empty()) at_ = tokens_.size() - 1;
        } else {
          ExpressionPtr out = Make(optional ? Kind::kOptSelect : Kind::kSelect, place, name.text);
          out->operands.push_back(std::move(target));
          target = Measured(std::move(out));
        }
      } else if (Takes("[")) {
        const bool optional = Takes("?");
        ExpressionPtr index = Conditional();
        Want("]");
        target = Call(place, optional ? "_[?_]" : "_[_]", std::move(target), std::move(index));
      } else {
        break;
      }
    }
    return target;
  }

  void Arguments(std::string_view end, std::vector<ExpressionPtr>& out) {
    if (Takes(end)) return;
    do {
      out.push_back(Conditional());
    } while (issues_.empty() && Takes(","));
    Want(end);
  }

  ExpressionPtr Primary() {
    const Token token = Peek();
    switch (token.kind) {
      case Token::Kind::kInt:
      case Token::Kind::kUint:
      case Token::Kind::kDouble:
        return Number(token.place, false);
      case Token::Kind::kString:
        return Literal(Value::String(token.text));
      case Token::Kind::kBytes:
        return Literal(Value::Bytes(token.text));
      case Token::Kind::kName:
        return Name();
      case Token::Kind::kSymbol:
        if (token.Is("(")) {
          ++at_;
          ExpressionPtr inner = Conditional();
          Want(")");
          return inner;
        }
        if (token.Is("[")) return ListLiteral();
        if (token.Is("{")) return MapLiteral();
        if (token.Is(".") && Peek(1).kind == Token::Kind::kName) {
          ++at_;
          return Name();
        }
        break;
      default:
        break;
    }
    Refuse(token.place,
           Concat("Syntax error: mismatched input '", token.text,
                  "' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, "
                  "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"));
    return Make(Kind::kLiteral, token.place);
  }

  ExpressionPtr Literal(Value value) {
    ExpressionPtr out = Make(Kind::kLiteral, Peek().place);
    out->value = std::move(value);
    ++at_;
    return out;
  }

  ExpressionPtr Number(size_t place, bool negative) {
    const Token token = Peek();
    const std::string text = (negative ? "-" : "") + token.text;
    ExpressionPtr out = Literal(Value());
    out->place = place;
    const char* const end = text.data() + text.size();
    if (token.kind == Token::Kind::kDouble) {
      double number = 0;
      if (std::from_chars(text.data(), end, number).ec != std::errc()) {
        Refuse(place, "Syntax error: invalid double literal");
      }
      out->value = Value::Double(number);
      return out;
    }
    const bool hex = token.text.starts_with("0x");
    const char* const digits = token.text.data() + (hex ? 2 : 0);
    uint64_t number = 0;
    const auto read =
        std::from_chars(digits, token.text.data() + token.text.size(), number, hex ? 16 : 10);
    bool fits = read.ec == std::errc();
    if (token.kind == Token::Kind::kUint) {
      if (!fits) Refuse(place, "Syntax error: invalid uint literal");
      out->value = Value::Uint(number);
      return out;
    }
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    fits = fits && number <= kMost + (negative ? 1 : 0);
    if (!fits) Refuse(place, "Syntax error: invalid int literal");
    out->value = Value::Int(static_cast<int64_t>(negative ? 0 - number : number));
    return out;
  }

  ExpressionPtr Name() {
    const Token token = Peek();
    if (token.text == "true" || token.text == "false") {
      return Literal(Value::Bool(token.text == "true"));
    }
    if (token.text == "null") return Literal(Value());
    if (token.text == "in") {
      Unexpected();
      return Make(Kind::kLiteral, token.place);
    }
    if (IsReserved(token.text)) {
      Refuse(token.place, Concat("reserved identifier: ", token.text));
      return Make(Kind::kLiteral, token.place);
    }
    ++at_;
    const size_t open = Peek().place;
    if (Takes("(")) {
      std::vector<ExpressionPtr> operands;
      Arguments(")", operands);
      ExpressionPtr out = Call(open, token.text, std::move(operands));
      if (issues_.empty()) ExpandMacro(*out, issues_);
      if (!issues_.empty()) at_ = tokens_.size() - 1;
      return out;
    }
    return ObjectLiteral(token);
  }

  // A name, or an object of the type that it names: Object.spec{replicas: 3}.
  ExpressionPtr ObjectLiteral(const Token& first) {
    size_t ahead = 0;
    while (Peek(ahead).Is(".") && Peek(ahead + 1).kind == Token::Kind::kName) ahead += 2;
    if (!Peek(ahead).Is("{")) return Make(Kind::kName, first.place, first.text);
    ExpressionPtr out = Make(Kind::kObject, Peek(ahead).place, first.text);
    for (size_t i = 1; i < ahead; i += 2) out->text += "." + Peek(i).text;
    at_ += ahead + 1;
    while (issues_.empty() && !Takes("}")) {
      out->optionals.push_back(Takes("?"));
      if (Peek().kind != Token::Kind::kName) {
        Unexpected();
        break;
      }
      out->fields.push_back(Peek().text);
      ++at_;
      Want(":");
      out->operands.push_back(Conditional());
      if (!Takes(",") && !Peek().Is("}")) Unexpected("{'}', ','}");
    }
    return Measured(std::move(out));
  }

  ExpressionPtr ListLiteral() {
    ExpressionPtr out = Make(Kind::kList, Peek().place);
    ++at_;
    while (issues_.empty() && !Takes("]")) {
      out->optionals.push_back(Takes("?"));
      out->operands.push_back(Conditional());
      if (!Takes(",") && !Peek().Is("]")) Unexpected("{']', ','}");
    }
    return Measured(std::move(out));
  }

  ExpressionPtr MapLiteral() {
    ExpressionPtr out = Make(Kind::kMap, Peek().place);
    ++at_;
    while (issues_.empty() && !Takes("}")) {
      out->optionals.push_back(Takes("?"));
      out->operands.push_back(Conditional());
      Want(":");
      out->operands.push_back(issues_.empty() ? Conditional() : nullptr);
      if (!Takes(",") && !Peek().Is("}")) Unexpected("{'}', ','}");
    }
    return Measured(std::move(out));
  }

  const std::vector<Token> tokens_;
  std::vector<Issue>& issues_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

ExpressionPtr Parse(std::string_view text, std::vector<Issue>& issues) {
  if (text.size() > kMaxCharacters) {
    issues.push_back({0, Concat("expression code point size exceeds limit: size: ", text.size(),
                                ", limit ", kMaxCharacters)});
    return nullptr;
  }
  std::vector<Token> tokens;
  if (!Lex(text, tokens, issues)) return nullptr;
  return Parser(std::move(tokens), issues).Run();
}

}  // namespace kvplane::cel
