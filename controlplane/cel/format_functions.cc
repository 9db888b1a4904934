// Texts made of others: "%s has %d".format([name, count]).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/strings.h"
#include "cel/function.h"
#include "cel/text.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

class Formatter {
 public:
  explicit Formatter(const Call& call) : call_(call) {}

  Value Run() {
    const std::string_view text = call_[0].GetString();
    const List& arguments = call_[1].GetList();
    size_t next = 0;
    for (size_t i = 0; i < text.size() && error_.empty(); ++i) {
      if (text[i] != '%') {
        out_ += text[i];
        continue;
      }
      if (++i < text.size() && text[i] == '%') {
        out_ += '%';
        continue;
      }
      int precision = 6;
      if (i < text.size() && text[i] == '.' && !ReadPrecision(text, i, precision)) break;
      if (i >= text.size()) {
        error_ = "unexpected end of string";
        break;
      }
      if (next >= arguments.Size()) {
        error_ = Concat("index ", next, " out of range");
        break;
      }
      const Value argument = arguments.At(next++);
      if (argument.IsError()) return argument;
      Clause(text[i], precision, argument);
      if (!call_.budget.ChargeBytes(out_.size())) return {};
    }
    return error_.empty() ? Value::String(std::move(out_)) : Value::Error(std::move(error_));
  }

 private:
  bool ReadPrecision(std::string_view text, size_t& at, int& precision) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + at + 1, end, precision);
    at = static_cast<size_t>(read.ptr - text.data());
    constexpr int kMost = 1000;
    const bool good = read.ec == std::errc() && precision >= 0 && precision <= kMost;
    if (!good) error_ = "could not parse formatting clause: error while parsing precision";
    return good;
  }

  void Refuse(std::string_view clause, std::string_view takes, const Value& given) {
    error_ = Concat("error during formatting: ", clause, " clause can only be used on ", takes,
                    ", was given ", TypeOf(given)->ToString());
  }

  void Clause(char clause, int precision, const Value& value) {
    switch (clause) {
      case 's':
        return Any(value, false);
      case 'd':
        return Decimal(value);
      case 'f':
        return Fixed(value, precision);
      case 'e':
        return Scientific(value, precision);
      case 'b':
        return Binary(value);
      case 'x':
      case 'X':
        return Hex(value, clause == 'X');
      case 'o':
        return Digits(value, 8, "octal", "integers");
      default:
        error_ = Concat("could not parse formatting clause: unrecognized formatting clause \"",
                        clause, "\"");
    }
  }

  void Quoted(std::string_view before, std::string_view text, std::string_view after) {
    out_ += Concat(before, "\"");
    for (const char c : text) {
      if (c == '"' || c == '\\') out_ += '\\';
      if (c == '\n') {
        out_ += "\\n";
      } else if (c == '\t') {
        out_ += "\\t";
      } else {
        out_ += c;
      }
    }
    out_ += Concat("\"", after);
  }

  // Within lists and maps texts are quoted, and doubles have six decimals.
  void Any(const Value& value, bool within) {
    const bool text = value.Is(Kind::kString) || value.Is(Kind::kBytes);
    if (!call_.budget.ChargeBytes(text ? value.GetString().size() : 0)) return;
    switch (value.kind()) {
      case Kind::kNull:
        out_ += "null";
        return;
      case Kind::kBool:
        out_ += value.GetBool() ? "true" : "false";
        return;
      case Kind::kInt:
        out_ += std::to_string(value.GetInt());
        return;
      case Kind::kUint:
        out_ += std::to_string(value.GetUint());
        return;
      case Kind::kDouble:
        if (within) return Fixed(value, 6);
        out_ += TextOf(value.GetDouble());
        return;
      case Kind::kString:
        if (within) return Quoted("", value.GetString(), "");
        out_ += value.GetString();
        return;
      case Kind::kBytes:
        if (within) return Quoted("b", value.GetString(), "");
        out_ += value.GetString();
        return;
      case Kind::kTimestamp:
        if (within) return Quoted("timestamp(", TextOf(value.GetTimestamp()), ")");
        out_ += TextOf(value.GetTimestamp());
        return;
      case Kind::kDuration:
        if (within) return Quoted("duration(", TextOfDuration(value.GetInt()), ")");
        out_ += TextOfDuration(value.GetInt());
        return;
      case Kind::kType:
        // Without what it is a type of.
        out_ += value.GetType()->ToString().substr(0, value.GetType()->ToString().find('('));
        return;
      case Kind::kList:
        return Elements(value.GetList());
      case Kind::kMap:
        return Entries(value.GetMap());
      default:
        Refuse(
            "string",
            "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
            value);
    }
  }

  void Elements(const List& list) {
    out_ += '[';
    for (size_t i = 0; i < list.Size() && error_.empty(); ++i) {
      if (i > 0) out_ += ", ";
      if (!call_.budget.Charge()) return;
      Any(list.At(i), true);
    }
    out_ += ']';
  }

  // In the order of their keys' texts.
  void Entries(const Map& map) {
    std::vector<std::pair<std::string, std::string>> entries;
    std::string before = std::move(out_);
    map.Visit([&](const Value& key, const Value& value) {
      out_.clear();
      Any(key, true);
      std::string name = std::move(out_);
      out_.clear();
      Any(value, true);
      entries.emplace_back(std::move(name), std::move(out_));
      return error_.empty() && call_.budget.Charge();
    });
    out_ = std::move(before);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    out_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      out_ += Concat(i > 0 ? ", " : "", entries[i].first, ":", entries[i].second);
    }
    out_ += '}';
  }

  void Decimal(const Value& value) {
    if (value.Is(Kind::kInt) || value.Is(Kind::kUint)) return Any(value, false);
    Refuse("decimal", "integers", value);
  }

  bool Infinite(double number) {
    if (std::isfinite(number)) return false;
    out_ += std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
    return true;
  }

  void Fixed(const Value& value, int precision) {
    if (!value.Is(Kind::kDouble)) return Refuse("fixed-point", "doubles", value);
    if (Infinite(value.GetDouble())) return;
    char digits[1400];
    std::snprintf(digits, sizeof(digits), "%.*f", precision, value.GetDouble());
    out_ += digits;
  }

  // 1.234568×10⁰³: the precision that is asked for counts for nothing.
  void Scientific(const Value& value, int /*precision*/) {
    if (!value.Is(Kind::kDouble)) return Refuse("scientific", "doubles", value);
    if (Infinite(value.GetDouble())) return;
    char digits[64];
    std::snprintf(digits, sizeof(digits), "%.6e", value.GetDouble());
    const std::string_view text = digits;
    const size_t mark = text.find('e');
    out_ += Concat(text.substr(0, mark), "×10");
    static constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴",
                                                   "⁵", "⁶", "⁷", "⁸", "⁹"};
    for (const char c : text.substr(mark + 1)) {
      if (c == '-') out_ += "⁻";
      if (c >= '0' && c <= '9') out_ += kRaised[c - '0'];
    }
  }

  void Binary(const Value& value) {
    if (value.Is(Kind::kBool)) {
      out_ += value.GetBool() ? '1' : '0';
    } else {
      Digits(value, 2, "binary", "integers and bools");
    }
  }

  void Digits(const Value& value, int base, std::string_view clause, std::string_view takes) {
    char digits[80];
    auto end = std::end(digits);
    if (value.Is(Kind::kInt)) {
      end = std::to_chars(digits, end, value.GetInt(), base).ptr;
    } else if (value.Is(Kind::kUint)) {
      end = std::to_chars(digits, end, value.GetUint(), base).ptr;
    } else {
      return Refuse(clause, takes, value);
    }
    out_.append(digits, end);
  }

  void Hex(const Value& value, bool upper) {
    const size_t begin = out_.size();
    if (value.Is(Kind::kString) || value.Is(Kind::kBytes)) {
      static constexpr std::string_view kHex = "0123456789abcdef";
      for (const char c : value.GetString()) {
        const auto byte = static_cast<unsigned char>(c);
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
      }
    } else {
      Digits(value, 16, "hex", "integers, byte buffers, and strings");
    }
    for (size_t i = begin; upper && i < out_.size(); ++i) {
      if (out_[i] >= 'a' && out_[i] <= 'f') out_[i] = static_cast<char>(out_[i] - 'a' + 'A');
    }
  }

  const Call& call_;
  std::string out_;
  std::string error_;
};

Value Format(const Call& call) {
  if (!call.Are({Kind::kString, Kind::kList})) return NoSuchOverload();
  return Formatter(call).Run();
}

}  // namespace

std::span<const NamedFunction> FormatFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"format", Format}};
  return kFunctions;
}

}  // namespace kvplane::cel
