// PathElement: one step of a path in managed fields: a member, a list's element by its keys, an
// element of a set by its value, or a place in a list. A FieldsPath is a chain of them.
//
// Thread safety: a value.
//
//   PathElement::Name("containers").Serialize() == "f:containers";
//   PathElement::Keys({{"name", "web"}}).ToString() == "[name=\"web\"]";
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::api {

class PathElement {
 public:
  enum class Kind : uint8_t { kName, kKeys, kValue, kIndex };  // in the order in which they sort

  static PathElement Name(std::string_view name);
  static PathElement Keys(json::Object keys);  // in any order
  static PathElement Value(json::Value value);

  // From "f:name", "k:{…}", "v:…" or "i:0". NOT_FOUND for a kind that a later version may know.
  static absl::StatusOr<PathElement> Parse(std::string_view text);
  std::string Serialize() const;

  std::string ToString() const;  // as errors name it: .name [key="a"] [="a"] [0]

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }

  int Compare(const PathElement& other) const;
  friend bool operator==(const PathElement& a, const PathElement& b) { return a.Compare(b) == 0; }
  friend bool operator<(const PathElement& a, const PathElement& b) { return a.Compare(b) < 0; }

 private:
  explicit PathElement(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::string name_;
  json::Value value_;  // of keys an object, sorted
  int64_t index_ = 0;
};

using FieldsPath = std::vector<PathElement>;

std::string ToString(const FieldsPath& path);

// An order of all JSON values: numbers, text, booleans, lists, objects, null.
int CompareJson(const json::Value& a, const json::Value& b);

}  // namespace kvplane::api
