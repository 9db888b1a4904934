// Conversions from one type to another, and what is asked of any value.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "api/utf8.h"
#include "base/strings.h"
#include "cel/function.h"
#include "cel/network.h"
#include "cel/text.h"
#include "cel/time.h"

namespace kvplane::cel {

namespace {

using Kind = Value::Kind;
using kvshim::base::Concat;

Value CannotConvert(std::string_view to) {
  return Value::Error(Concat("type conversion error from 'string' to '", to, "'"));
}

// All of the text as a number.
template <typename Number>
bool Read(std::string_view text, Number& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size();
}

Value ToInt(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::kInt:
      return value;
    case Kind::kUint:
      if (value.GetUint() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return Value::Error("integer overflow");
      }
      return Value::Int(static_cast<int64_t>(value.GetUint()));
    case Kind::kDouble: {
      constexpr double kBound = 9223372036854775808.0;
      const double number = value.GetDouble();
      if (!(number > -kBound && number < kBound)) return Value::Error("integer overflow");
      return Value::Int(static_cast<int64_t>(number));
    }
    case Kind::kString: {
      int64_t number = 0;
      return Read(value.GetString(), number) ? Value::Int(number) : CannotConvert("int");
    }
    case Kind::kTimestamp:
      return Value::Int(value.GetTimestamp().seconds);
    case Kind::kDuration:
      return Value::Int(value.GetInt());
    default:
      return NoSuchOverload();
  }
}

Value ToUint(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::kUint:
      return value;
    case Kind::kInt:
      if (value.GetInt() < 0) return Value::Error("unsigned integer overflow");
      return Value::Uint(static_cast<uint64_t>(value.GetInt()));
    case Kind::kDouble: {
      constexpr double kBound = 18446744073709551616.0;
      const double number = value.GetDouble();
      if (!(number >= 0 && number < kBound)) return Value::Error("unsigned integer overflow");
      return Value::Uint(static_cast<uint64_t>(number));
    }
    case Kind::kString: {
      uint64_t number = 0;
      return Read(value.GetString(), number) ? Value::Uint(number) : CannotConvert("uint");
    }
    default:
      return NoSuchOverload();
  }
}

Value ToDouble(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::kDouble:
      return value;
    case Kind::kInt:
      return Value::Double(static_cast<double>(value.GetInt()));
    case Kind::kUint:
      return Value::Double(static_cast<double>(value.GetUint()));
    case Kind::kString: {
      double number = 0;
      return Read(value.GetString(), number) ? Value::Double(number) : CannotConvert("double");
    }
    default:
      return NoSuchOverload();
  }
}

Value ToBool(const Call& call) {
  if (call[0].Is(Kind::kBool)) return call[0];
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (call[0].GetString() == yes) return Value::Bool(true);
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (call[0].GetString() == no) return Value::Bool(false);
  }
  return CannotConvert("bool");
}

Value ToBytes(const Call& call) {
  if (call[0].Is(Kind::kBytes)) return call[0];
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  return Value::Bytes(std::string(call[0].GetString()));
}

Value ToText(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::kString:
      return value;
    case Kind::kBool:
      return Value::String(value.GetBool() ? "true" : "false");
    case Kind::kInt:
      return Value::String(std::to_string(value.GetInt()));
    case Kind::kUint:
      return Value::String(std::to_string(value.GetUint()));
    case Kind::kDouble:
      return Value::String(TextOf(value.GetDouble()));
    case Kind::kBytes:
      if (!api::IsUtf8(value.GetString())) {
        return Value::Error("invalid UTF-8 in bytes, cannot convert to string");
      }
      return Value::String(std::string(value.GetString()));
    case Kind::kTimestamp:
      return Value::String(TextOf(value.GetTimestamp()));
    case Kind::kDuration:
      return Value::String(TextOfDuration(value.GetInt()));
    case Kind::kOpaque:
      if (auto text = NetworkText(value.GetOpaque())) return Value::String(*std::move(text));
      return NoSuchOverload();
    default:
      return NoSuchOverload();
  }
}

Value ToTimestamp(const Call& call) {
  if (call[0].Is(Kind::kTimestamp)) return call[0];
  if (call[0].Is(Kind::kInt)) {
    const api::Timestamp time{call[0].GetInt(), 0};
    return IsInRange(time) ? Value::Timestamp(time) : Value::Error("timestamp overflow");
  }
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  const auto time = ReadTimestamp(call[0].GetString());
  return time ? Value::Timestamp(*time) : CannotConvert("google.protobuf.Timestamp");
}

Value ToDuration(const Call& call) {
  if (call[0].Is(Kind::kDuration)) return call[0];
  if (call[0].Is(Kind::kInt)) return Value::Duration(call[0].GetInt());
  if (!call[0].Is(Kind::kString)) return NoSuchOverload();
  const auto duration = ReadDuration(call[0].GetString());
  return duration ? Value::Duration(*duration) : CannotConvert("google.protobuf.Duration");
}

Value ToType(const Call& call) { return Value::TypeOf(TypeOf(call[0])); }
Value ToDyn(const Call& call) { return call[0]; }

Value Size(const Call& call) {
  switch (call[0].kind()) {
    case Kind::kString:
      return Value::Int(static_cast<int64_t>(CharactersOf(call[0].GetString())));
    case Kind::kBytes:
      return Value::Int(static_cast<int64_t>(call[0].GetString().size()));
    case Kind::kList:
      return Value::Int(static_cast<int64_t>(call[0].GetList().Size()));
    case Kind::kMap:
      return Value::Int(static_cast<int64_t>(call[0].GetMap().Size()));
    default:
      return NoSuchOverload();
  }
}

}  // namespace

std::span<const NamedFunction> ConversionFunctions() {
  static constexpr NamedFunction kFunctions[] = {{"bool", ToBool},
                                                 {"int", ToInt},
                                                 {"uint", ToUint},
                                                 {"double", ToDouble},
                                                 {"bytes", ToBytes},
                                                 {"string", ToText},
                                                 {"timestamp", ToTimestamp},
                                                 {"duration", ToDuration},
                                                 {"type", ToType},
                                                 {"dyn", ToDyn},
                                                 {"size", Size}};
  return kFunctions;
}

}  // namespace kvplane::cel
