// What is asked of texts. Places in them count characters.
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>

#include "base/strings.h"
#include "cel/function.h"
#include "cel/text.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

Value OutOfRange(int64_t index) { return Value::Error(Concat("index out of range: ", index)); }

// contains, startsWith, endsWith.
Value Holds(const Call& call) {
  if (!call.Are({Kind::kString, Kind::kString})) return NoSuchOverload();
  const std::string_view text = call[0].GetString();
  const std::string_view part = call[1].GetString();
  if (!call.budget.ChargeBytes(call.name == "contains" ? text.size() : part.size())) return {};
  if (call.name == "startsWith") return Value::Bool(text.starts_with(part));
  if (call.name == "endsWith") return Value::Bool(text.ends_with(part));
  return Value::Bool(text.find(part) != std::string_view::npos);
}

// The pattern of a call: prepared, or made now. Null where it is none.
class Pattern {
 public:
  explicit Pattern(const Call& call) : pattern_(static_cast<const re2::RE2*>(call.prepared)) {
    if (pattern_ != nullptr) return;
    own_ = std::make_unique<re2::RE2>(Piece(call[1].GetString()), re2::RE2::Quiet);
    pattern_ = own_.get();
  }
  bool ok() const { return pattern_->ok(); }
  const re2::RE2& operator*() const { return *pattern_; }
  Value Error() const { return Value::Error(Concat("error parsing regexp: ", pattern_->error())); }

 private:
  std::unique_ptr<re2::RE2> own_;
  const re2::RE2* pattern_;
};

bool ChargeMatch(const Call& call) {
  const size_t text = call[0].GetString().size() / 10 + 1;
  const size_t pattern = call[1].GetString().size() / 4 + 1;
  return call.budget.Charge(static_cast<int64_t>(text * pattern));
}

Value Matches(const Call& call) {
  if (!call.Are({Kind::kString, Kind::kString})) return NoSuchOverload();
  if (!ChargeMatch(call)) return {};
  const Pattern pattern(call);
  if (!pattern.ok()) return pattern.Error();
  return Value::Bool(re2::RE2::PartialMatch(Piece(call[0].GetString()), *pattern));
}

Value Find(const Call& call) {
  if (!call.Are({Kind::kString, Kind::kString})) return NoSuchOverload();
  if (!ChargeMatch(call)) return {};
  const Pattern pattern(call);
  if (!pattern.ok()) return pattern.Error();
  const std::string_view text = call[0].GetString();
  re2::StringPiece found;
  if (!(*pattern).Match(Piece(text), 0, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    return Value::StringIn("");
  }
  return Value::String(std::string(found.data(), found.size()));
}

Value FindAll(const Call& call) {
  const bool limited = call.size() == 3;
  if (!call[0].Is(Kind::kString) || !call[1].Is(Kind::kString)) return NoSuchOverload();
  if (limited && !call[2].Is(Kind::kInt)) return NoSuchOverload();
  if (!ChargeMatch(call)) return {};
  const Pattern pattern(call);
  if (!pattern.ok()) return pattern.Error();
  const std::string_view text = call[0].GetString();
  const int64_t most = limited ? call[2].GetInt() : -1;
  std::vector<Value> out;
  size_t at = 0;
  size_t last_end = std::string_view::npos;
  while (at <= text.size() && (most < 0 || static_cast<int64_t>(out.size()) < most)) {
    re2::StringPiece found;
    if (!(*pattern).Match(Piece(text), at, text.size(), re2::RE2::UNANCHORED, &found, 1)) break;
    const auto begin = static_cast<size_t>(found.data() - text.data());
    // Nothing right behind what was found is not found again.
    if (!found.empty() || begin != last_end)
      out.push_back(Value::String(std::string(found.data(), found.size())));
    last_end = begin + found.size();
    at = found.empty() ? std::max(ByteOf(text.substr(begin), 1) + begin, begin + 1) : last_end;
    if (!call.budget.Charge()) return {};
  }
  return Value::ListOf(std::move(out));
}

Value CharAt(const Call& call) {
  if (!call.Are({Kind::kString, Kind::kInt})) return NoSuchOverload();
  const std::string_view text = call[0].GetString();
  const int64_t index = call[1].GetInt();
  if (!call.budget.ChargeBytes(text.size())) return {};
  const auto size = static_cast<int64_t>(CharactersOf(text));
  if (index < 0 || index > size) return OutOfRange(index);
  const size_t begin = ByteOf(text, static_cast<size_t>(index));
  const std::string_view rest = text.substr(begin);
  return Value::String(std::string(rest.substr(0, ByteOf(rest, 1))));
}

// indexOf and lastIndexOf, of texts and of lists.
Value IndexOf(const Call& call) {
  const bool last = call.name == "lastIndexOf";
  if (call[0].Is(Kind::kList) && call.size() == 2) {
    const List& list = call[0].GetList();
    int64_t found = -1;
    for (size_t i = 0; i < list.Size(); ++i) {
      if (call.budget.exhausted()) return {};
      if (!Equal(list.At(i), call[1], call.budget)) continue;
      found = static_cast<int64_t>(i);
      if (!last) break;
    }
    return Value::Int(found);
  }
  if (!call[0].Is(Kind::kString) || !call[1].Is(Kind::kString)) return NoSuchOverload();
  const std::string_view text = call[0].GetString();
  const std::string_view part = call[1].GetString();
  if (!call.budget.ChargeBytes(text.size() + part.size())) return {};
  const size_t size = CharactersOf(text);
  size_t from = last ? size : 0;
  if (call.size() == 3) {
    if (!call[2].Is(Kind::kInt)) return NoSuchOverload();
    const int64_t given = call[2].GetInt();
    if (given < 0 || given > static_cast<int64_t>(size)) return OutOfRange(given);
    from = static_cast<size_t>(given);
  }
  const size_t byte = ByteOf(text, from);
  const size_t found = last ? text.rfind(part, byte) : text.find(part, byte);
  if (found == std::string_view::npos) return Value::Int(-1);
  return Value::Int(static_cast<int64_t>(CharactersOf(text.substr(0, found))));
}

Value Join(const Call& call) {
  if (!call[0].Is(Kind::kList) || (call.size() == 2 && !call[1].Is(Kind::kString))) {
    return NoSuchOverload();
  }
  const List& list = call[0].GetList();
  std::string out;
  for (size_t i = 0; i < list.Size(); ++i) {
    const Value one = list.At(i);
    if (!one.Is(Kind::kString)) return NoSuchOverload();
    if (i > 0 && call.size() == 2) out += call[1].GetString();
    out += one.GetString();
    if (!call.budget.Charge() || !call.budget.ChargeBytes(one.GetString().size())) return {};
  }
  return Value::String(std::move(out));
}

Value ChangeCase(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  std::string out(call[0].GetString());
  if (!call.budget.ChargeBytes(out.size())) return {};
  const bool upper = call.name == "upperAscii";
  for (char& c : out) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return Value::String(std::move(out));
}

Value Replace(const Call& call) {
  for (size_t i = 0; i < 3; ++i) {
    if (!call[i].Is(Kind::kString)) return NoSuchOverload();
  }
  if (call.size() == 4 && !call[3].Is(Kind::kInt)) return NoSuchOverload();
  const std::string_view text = call[0].GetString();
  const std::string_view what = call[1].GetString();
  const std::string_view with = call[2].GetString();
  int64_t times = call.size() == 4 ? call[3].GetInt() : -1;
  std::string out;
  size_t at = 0;
  bool first = true;
  while (times != 0 && at <= text.size()) {
    size_t found = 0;
    if (what.empty()) {
      // Before each character, and at the end.
      found = first ? 0 : at + ByteOf(text.substr(at), 1);
      if (!first && at >= text.size()) break;
    } else {
      found = text.find(what, at);
    }
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at)).append(with);
    if (!call.budget.ChargeBytes(found - at + with.size() + 10)) return {};
    at = found + what.size();
    first = false;
    --times;
  }
  out.append(text.substr(std::min(at, text.size())));
  return Value::String(std::move(out));
}

Value Split(const Call& call) {
  if (!call[0].Is(Kind::kString) || !call[1].Is(Kind::kString)) return NoSuchOverload();
  if (call.size() == 3 && !call[2].Is(Kind::kInt)) return NoSuchOverload();
  std::string_view rest = call[0].GetString();
  const std::string_view by = call[1].GetString();
  const int64_t most = call.size() == 3 ? call[2].GetInt() : -1;
  if (!call.budget.ChargeBytes(rest.size())) return {};
  std::vector<Value> out;
  const auto add = [&out](std::string_view piece) {
    out.push_back(Value::String(std::string(piece)));
  };
  if (most == 0) return Value::ListOf(std::move(out));
  while (most < 0 || static_cast<int64_t>(out.size()) + 1 < most) {
    size_t end = rest.find(by);
    if (by.empty()) end = CharactersOf(rest) > 1 ? ByteOf(rest, 1) : std::string_view::npos;
    if (end == std::string_view::npos) break;
    add(rest.substr(0, end));
    rest.remove_prefix(end + by.size());
    if (!call.budget.Charge()) return {};
  }
  if (!by.empty() || !rest.empty()) add(rest);
  return Value::ListOf(std::move(out));
}

Value Substring(const Call& call) {
  if (!call[0].Is(Kind::kString) || !call[1].Is(Kind::kInt)) return NoSuchOverload();
  if (call.size() == 3 && !call[2].Is(Kind::kInt)) return NoSuchOverload();
  const std::string_view text = call[0].GetString();
  if (!call.budget.ChargeBytes(text.size())) return {};
  const auto size = static_cast<int64_t>(CharactersOf(text));
  const int64_t begin = call[1].GetInt();
  const int64_t end = call.size() == 3 ? call[2].GetInt() : size;
  if (call.size() == 3 && begin > end) {
    return Value::Error(Concat("invalid substring range. start: ", begin, ", end: ", end));
  }
  if (begin < 0 || begin > size) return OutOfRange(begin);
  if (end < 0 || end > size) return OutOfRange(end);
  const size_t first = ByteOf(text, static_cast<size_t>(begin));
  const size_t last = ByteOf(text, static_cast<size_t>(end));
  return Value::String(std::string(text.substr(first, last - first)));
}

Value Trim(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  std::string_view text = call[0].GetString();
  // Unicode's white space.
  static constexpr std::string_view kBlanks[] = {" ",
                                                 "\t",
                                                 "\n",
                                                 "\v",
                                                 "\f",
                                                 "\r",
                                                 "\xc2\x85",
                                                 "\xc2\xa0",
                                                 "\xe1\x9a\x80",
                                                 "\xe2\x80\x80",
                                                 "\xe2\x80\x81",
                                                 "\xe2\x80\x82",
                                                 "\xe2\x80\x83",
                                                 "\xe2\x80\x84",
                                                 "\xe2\x80\x85",
                                                 "\xe2\x80\x86",
                                                 "\xe2\x80\x87",
                                                 "\xe2\x80\x88",
                                                 "\xe2\x80\x89",
                                                 "\xe2\x80\x8a",
                                                 "\xe2\x80\xa8",
                                                 "\xe2\x80\xa9",
                                                 "\xe2\x80\xaf",
                                                 "\xe2\x81\x9f",
                                                 "\xe3\x80\x80"};
  bool again = true;
  while (again) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (text.starts_with(blank)) {
        text.remove_prefix(blank.size());
        again = true;
      }
      if (text.ends_with(blank)) {
        text.remove_suffix(blank.size());
        again = true;
      }
    }
  }
  return Value::String(std::string(text));
}

Value Quote(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  static constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  std::string out = "\"";
  for (const char c : call[0].GetString()) {
    const size_t special = kSpecial.find(c);
    if (special == std::string_view::npos) {
      out += c;
    } else {
      out += '\\';
      out += kLetters[special];
    }
  }
  return Value::String(out + '"');
}

// A name as JSON pointers write it.
Value EscapeKey(const Call& call) {
  if (!call.Are({Kind::kString})) return NoSuchOverload();
  std::string out;
  for (const char c : call[0].GetString()) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return Value::String(std::move(out));
}

}  // namespace

std::span<const NamedFunction> TextFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"contains", Holds},
                                                 {"startsWith", Holds},
                                                 {"endsWith", Holds},
                                                 {"matches", Matches},
                                                 {"find", Find},
                                                 {"findAll", FindAll},
                                                 {"charAt", CharAt},
                                                 {"indexOf", IndexOf},
                                                 {"lastIndexOf", IndexOf},
                                                 {"join", Join},
                                                 {"lowerAscii", ChangeCase},
                                                 {"upperAscii", ChangeCase},
                                                 {"replace", Replace},
                                                 {"split", Split},
                                                 {"substring", Substring},
                                                 {"trim", Trim},
                                                 {"strings.quote", Quote},
                                                 {"jsonpatch.escapeKey", EscapeKey}};
  return kFunctions;
}

}  // namespace kvplane::cel
