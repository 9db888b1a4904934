// FieldSelector: what an object's fields must be: "spec.nodeName=a,status.phase!=Failed".
//
// Which fields a kind can be selected by, and what they are in an object, the caller knows.
//
// Thread safety: a value; Matches is const.
//
//   ASSIGN_OR_RETURN(FieldSelector selector, FieldSelector::Parse("metadata.name=web"));
//   selector.Matches([&](std::string_view field) { return ValueOf(object, field); });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvplane::api {

struct FieldRequirement {
  std::string field;
  std::string value;
  bool equal = true;
};

class FieldSelector {
 public:
  using Lookup = std::function<std::string(std::string_view field)>;

  // Selects everything.
  FieldSelector() = default;

  // In values '\', ',' and '=' are escaped by '\'. The errors are Kubernetes' own.
  static absl::StatusOr<FieldSelector> Parse(std::string_view text);

  bool Matches(const Lookup& value_of) const;
  bool MatchesEverything() const { return requirements_.empty(); }

  // The value that the field must have, where it must have one.
  std::optional<std::string_view> RequiredValue(std::string_view field) const;

  const std::vector<FieldRequirement>& requirements() const { return requirements_; }
  std::string ToString() const;

 private:
  std::vector<FieldRequirement> requirements_;
};

}  // namespace kvplane::api
