#include "api/label_selector_parser.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "api/names.h"
#include "api/quote.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;
using Operator = LabelRequirement::Operator;

enum class Token { kEnd, kError, kIdentifier, kIn, kNotIn, kOpen, kClose, kComma, kNot, kSign };

struct Item {
  Token token = Token::kEnd;
  std::string text;
};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsSymbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

Token TokenOf(std::string_view symbol) {
  if (symbol == "(") return Token::kOpen;
  if (symbol == ")") return Token::kClose;
  if (symbol == ",") return Token::kComma;
  if (symbol == "!") return Token::kNot;
  const bool sign =
      symbol == "=" || symbol == "==" || symbol == "!=" || symbol == ">" || symbol == "<";
  return sign ? Token::kSign : Token::kError;
}

std::vector<Item> Scan(std::string_view text) {
  std::vector<Item> items;
  while (!text.empty()) {
    if (IsBlank(text[0])) {
      text.remove_prefix(1);
      continue;
    }
    size_t length = 0;
    Item item;
    if (IsSymbol(text[0])) {
      length = TokenOf(text.substr(0, 2)) == Token::kSign ? std::min<size_t>(text.size(), 2) : 1;
      item.token = TokenOf(text.substr(0, length));
    } else {
      while (length < text.size() && !IsBlank(text[length]) && !IsSymbol(text[length])) ++length;
      const std::string_view word = text.substr(0, length);
      item.token = word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier;
    }
    item.text = text.substr(0, length);
    items.push_back(std::move(item));
    text.remove_prefix(length);
  }
  items.emplace_back();
  return items;
}

std::string Joined(const NameFaults& faults) {
  std::string out;
  for (const std::string& fault : faults) out += Concat(out.empty() ? "" : "; ", fault);
  return out;
}

absl::Status Unexpected(const Item& item, std::string_view expected) {
  return absl::InvalidArgumentError(Concat("found '", item.text, "', expected: ", expected));
}

absl::Status CheckKey(std::string_view path, std::string_view key) {
  const NameFaults faults = CheckQualifiedName(key);
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat(path, ": Invalid value: ", Quoted(key), ": ", Joined(faults)));
}

// What is wrong with the number of values; "" where nothing is.
std::string WrongCount(const LabelRequirement& requirement) {
  const size_t count = requirement.values.size();
  std::string_view why;
  switch (requirement.op) {
    case Operator::kIn:
    case Operator::kNotIn:
      if (count == 0) why = "for 'in', 'notin' operators, values set can't be empty";
      break;
    case Operator::kExists:
    case Operator::kDoesNotExist:
      if (count != 0) why = "values set must be empty for exists and does not exist";
      break;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      if (count != 1) why = "for 'Gt', 'Lt' operators, exactly one value is required";
      break;
    default:
      if (count != 1) why = "exact-match compatibility requires one single value";
  }
  if (why.empty()) return {};
  std::string values;
  for (const std::string& value : requirement.values) {
    values += Concat(values.empty() ? "" : ",", Quoted(value));
  }
  return Concat("values: Invalid value: [", values, "]: ", why);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : items_(Scan(text)) {}

  absl::StatusOr<std::vector<LabelRequirement>> Run();

 private:
  // "in" and "notin" are words like others but where an operator must stand.
  Token Peek() const {
    const Token token = items_[at_].token;
    return token == Token::kIn || token == Token::kNotIn ? Token::kIdentifier : token;
  }
  const Item& Next() { return items_[std::min(at_++, items_.size() - 1)]; }

  absl::StatusOr<LabelRequirement> Requirement();
  absl::StatusOr<Operator> ReadOperator();
  absl::StatusOr<std::vector<std::string>> Values();
  absl::StatusOr<std::vector<std::string>> ExactValue();

  std::vector<Item> items_;
  size_t at_ = 0;
};

absl::StatusOr<std::vector<LabelRequirement>> Parser::Run() {
  std::vector<LabelRequirement> requirements;
  if (Peek() == Token::kEnd) return requirements;
  if (Peek() != Token::kIdentifier && Peek() != Token::kNot) {
    return Unexpected(items_[at_], "!, identifier, or 'end of string'");
  }
  while (true) {
    auto requirement = Requirement();
    if (!requirement.ok()) {
      return absl::InvalidArgumentError(Concat(
          "unable to parse requirement: ", kvshim::base::FromAbsl(requirement.status().message())));
    }
    requirements.push_back(*std::move(requirement));
    const Token after = Peek();
    const Item& item = Next();
    if (after == Token::kEnd) return requirements;
    if (after != Token::kComma) return Unexpected(item, "',' or 'end of string'");
    if (Peek() != Token::kIdentifier && Peek() != Token::kNot) {
      return Unexpected(items_[at_], "identifier after ','");
    }
  }
}

absl::StatusOr<LabelRequirement> Parser::Requirement() {
  LabelRequirement requirement;
  const bool negated = Peek() == Token::kNot;
  if (negated) Next();
  if (Peek() != Token::kIdentifier) return Unexpected(items_[at_], "identifier");
  requirement.key = Next().text;
  RETURN_IF_ERROR(CheckKey("<nil>", requirement.key));
  if (negated || Peek() == Token::kEnd || Peek() == Token::kComma) {
    requirement.op = negated ? Operator::kDoesNotExist : Operator::kExists;
    return requirement;
  }
  ASSIGN_OR_RETURN(requirement.op, ReadOperator());
  const bool set = requirement.op == Operator::kIn || requirement.op == Operator::kNotIn;
  ASSIGN_OR_RETURN(requirement.values, set ? Values() : ExactValue());
  std::sort(requirement.values.begin(), requirement.values.end());
  requirement.values.erase(std::unique(requirement.values.begin(), requirement.values.end()),
                           requirement.values.end());
  RETURN_IF_ERROR(CheckLabelRequirement(requirement));
  return requirement;
}

absl::StatusOr<Operator> Parser::ReadOperator() {
  const Item& item = Next();
  if (item.token == Token::kIn) return Operator::kIn;
  if (item.token == Token::kNotIn) return Operator::kNotIn;
  if (item.text == "=") return Operator::kEquals;
  if (item.text == "==") return Operator::kDoubleEquals;
  if (item.text == "!=") return Operator::kNotEquals;
  if (item.text == ">") return Operator::kGreaterThan;
  if (item.text == "<") return Operator::kLessThan;
  return Unexpected(item, "in, notin, =, ==, !=, gt, lt");
}

absl::StatusOr<std::vector<std::string>> Parser::ExactValue() {
  if (Peek() == Token::kEnd || Peek() == Token::kComma) return std::vector<std::string>{""};
  if (Peek() != Token::kIdentifier) return Unexpected(items_[at_], "identifier");
  return std::vector<std::string>{Next().text};
}

// Where two commas meet, or one meets a parenthesis, there is an empty value.
absl::StatusOr<std::vector<std::string>> Parser::Values() {
  if (Peek() != Token::kOpen) {
    return absl::InvalidArgumentError(Concat("found '", items_[at_].text, "' expected: '('"));
  }
  Next();
  std::vector<std::string> values;
  const Token first = Peek();
  if (first != Token::kIdentifier && first != Token::kComma && first != Token::kClose) {
    return Unexpected(items_[at_], "',', ')' or identifier");
  }
  while (true) {
    if (Peek() == Token::kIdentifier) {
      values.push_back(Next().text);
      if (Peek() != Token::kComma && Peek() != Token::kClose) {
        return Unexpected(items_[at_], "',' or ')'");
      }
    } else if (Peek() == Token::kComma || Peek() == Token::kClose) {
      values.emplace_back();
    } else {
      return Unexpected(items_[at_], "',', or identifier");
    }
    if (Next().token == Token::kClose) return values;
  }
}

}  // namespace

absl::StatusOr<std::vector<LabelRequirement>> ParseLabelRequirements(std::string_view text) {
  return Parser(text).Run();
}

std::optional<int64_t> LabelNumber(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

absl::Status CheckLabelRequirement(const LabelRequirement& requirement) {
  std::vector<std::string> faults;
  if (const absl::Status key = CheckKey("key", requirement.key); !key.ok()) {
    faults.emplace_back(kvshim::base::FromAbsl(key.message()));
  }
  if (std::string fault = WrongCount(requirement); !fault.empty()) {
    faults.push_back(std::move(fault));
  }
  const bool number =
      requirement.op == Operator::kGreaterThan || requirement.op == Operator::kLessThan;
  for (size_t i = 0; number && i < requirement.values.size(); ++i) {
    if (LabelNumber(requirement.values[i])) continue;
    faults.push_back(Concat("values[", i, "]: Invalid value: ", Quoted(requirement.values[i]),
                            ": for 'Gt', 'Lt' operators, the value must be an integer"));
  }
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    const NameFaults wrong = CheckLabelValue(requirement.values[i]);
    if (wrong.empty()) continue;
    faults.push_back(Concat("values[", i, "][", requirement.key, "]: Invalid value: ",
                            Quoted(requirement.values[i]), ": ", Joined(wrong)));
  }
  if (faults.empty()) return absl::OkStatus();
  if (faults.size() == 1) return absl::InvalidArgumentError(faults[0]);
  std::string all;
  for (const std::string& fault : faults) all += Concat(all.empty() ? "[" : ", ", fault);
  return absl::InvalidArgumentError(all + "]");
}

}  // namespace kvplane::api
