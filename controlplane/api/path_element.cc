#include "api/path_element.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/quote.h"
#include "base/status.h"
#include "base/strings.h"

namespace kvplane::api {

namespace {

using kvshim::base::Concat;

int Rank(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::string:
      return 1;
    case json::Kind::bool_:
      return 2;
    case json::Kind::array:
      return 3;
    case json::Kind::object:
      return 4;
    case json::Kind::null:
      return 5;
    default:
      return 0;
  }
}

template <typename T>
int CompareOrdered(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int CompareNumbers(const json::Value& a, const json::Value& b) {
  if (a.is_int64() && b.is_int64()) return CompareOrdered(a.get_int64(), b.get_int64());
  return CompareOrdered(a.to_number<double>(), b.to_number<double>());
}

// Objects whose members are sorted.
int CompareObjects(const json::Object& a, const json::Object& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    const int names = json::View(left->key()).compare(json::View(right->key()));
    if (names != 0) return names < 0 ? -1 : 1;
    if (const int values = CompareJson(left->value(), right->value()); values != 0) return values;
  }
  return CompareOrdered(a.size(), b.size());
}

// As Go prints a value within a path.
std::string Print(const json::Value& value) {
  return value.is_string() ? Quoted(json::View(value.get_string())) : ToJson(value);
}

}  // namespace

int CompareJson(const json::Value& a, const json::Value& b) {
  const int rank = Rank(a);
  if (rank != Rank(b)) return rank < Rank(b) ? -1 : 1;
  switch (rank) {
    case 0:
      return CompareNumbers(a, b);
    case 1:
      return CompareOrdered(json::View(a.get_string()), json::View(b.get_string()));
    case 2:
      return CompareOrdered(a.get_bool(), b.get_bool());
    case 3: {
      const json::Array& left = a.get_array();
      const json::Array& right = b.get_array();
      for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
        if (const int order = CompareJson(left[i], right[i]); order != 0) return order;
      }
      return CompareOrdered(left.size(), right.size());
    }
    case 4:
      return CompareObjects(a.get_object(), b.get_object());
    default:
      return 0;
  }
}

PathElement PathElement::Name(std::string_view name) {
  PathElement element(Kind::kName);
  element.name_ = name;
  return element;
}

PathElement PathElement::Keys(json::Object keys) {
  PathElement element(Kind::kKeys);
  if (keys.size() > 1) json::SortMembers(keys);
  element.value_ = std::move(keys);
  return element;
}

PathElement PathElement::Value(json::Value value) {
  PathElement element(Kind::kValue);
  element.value_ = std::move(value);
  return element;
}

absl::StatusOr<PathElement> PathElement::Parse(std::string_view text) {
  if (text.size() < 2 || text[1] != ':') {
    return absl::InvalidArgumentError(Concat("missing colon: ", text));
  }
  const std::string_view rest = text.substr(2);
  switch (text[0]) {
    case 'f':
      return Name(rest);
    case 'v': {
      ASSIGN_OR_RETURN(json::Value value, ParseJson(rest));
      return Value(std::move(value));
    }
    case 'k': {
      ASSIGN_OR_RETURN(json::Value keys, ParseJson(rest));
      if (!keys.is_object()) return absl::InvalidArgumentError(Concat("no object: ", text));
      return Keys(std::move(keys.get_object()));
    }
    case 'i': {
      PathElement element(Kind::kIndex);
      const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), element.index_);
      if (read.ec != std::errc() || read.ptr != rest.data() + rest.size()) {
        return absl::InvalidArgumentError(Concat("no number: ", text));
      }
      return element;
    }
    default:
      return absl::NotFoundError(Concat("unknown path element type: ", text));
  }
}

std::string PathElement::Serialize() const {
  switch (kind_) {
    case Kind::kName:
      return Concat("f:", name_);
    case Kind::kKeys:
      return Concat("k:", ToJson(value_));
    case Kind::kValue:
      return Concat("v:", ToJson(value_));
    case Kind::kIndex:
      break;
  }
  return Concat("i:", index_);
}

std::string PathElement::ToString() const {
  switch (kind_) {
    case Kind::kName:
      return Concat(".", name_);
    case Kind::kValue:
      return Concat("[=", Print(value_), "]");
    case Kind::kIndex:
      return Concat("[", index_, "]");
    case Kind::kKeys:
      break;
  }
  std::string out = "[";
  for (const auto& member : value_.get_object()) {
    if (out.size() > 1) out += ',';
    out += Concat(json::View(member.key()), "=", Print(member.value()));
  }
  return out += ']';
}

int PathElement::Compare(const PathElement& other) const {
  if (kind_ != other.kind_) return kind_ < other.kind_ ? -1 : 1;
  switch (kind_) {
    case Kind::kName:
      return CompareOrdered(name_, other.name_);
    case Kind::kIndex:
      return CompareOrdered(index_, other.index_);
    default:
      return CompareJson(value_, other.value_);
  }
}

std::string ToString(const FieldsPath& path) {
  std::string out;
  for (const PathElement& element : path) out += element.ToString();
  return out;
}

}  // namespace kvplane::api
