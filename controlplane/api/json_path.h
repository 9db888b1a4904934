// JsonPath: a place within documents, in the words of kubectl's templates, as the columns of custom
// resources name what they show: members, elements by number or slice, wildcards, and filters that
// compare.
//
//   .spec.replicas      .metadata.labels['a.b/c'] .status.conditions[?(@.type=="Ready")].status
//
// Thread safety: immutable.
//
//   ASSIGN_OR_RETURN(JsonPath path, JsonPath::Parse(".spec.replicas"));
//   const json::Value* first = path.First(object);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::api {

class JsonPath {
 public:
  // INVALID_ARGUMENT says what is wrong.
  static absl::StatusOr<JsonPath> Parse(std::string_view text);

  // Everything it leads to, in order; nothing where there is none.
  std::vector<const json::Value*> All(const json::Object& document) const;
  const json::Value* First(const json::Object& document) const;

 private:
  friend class JsonPathParser;

  struct Filter {
    std::vector<std::string> left;  // members below the element
    std::string op;                 // "==", "!=", "<", …; empty: it is there
    json::Value right;
  };
  struct Step {
    enum class Kind { kMember, kWildcard, kSlice, kFilter, kDescend };
    Kind kind = Kind::kMember;
    std::string name;
    std::optional<int64_t> from;
    std::optional<int64_t> to;
    Filter filter;
  };

  static bool Holds(const Filter& filter, const json::Value& element);
  static void Take(const Step& step, const json::Value& value,
                   std::vector<const json::Value*>& out);

  std::vector<Step> steps_;
};

}  // namespace kvplane::api
