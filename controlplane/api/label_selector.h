// LabelSelector: which labels an object must have: "app=web,tier in (a, b),!canary".
//
// Thread safety: a value; Matches is const.
//
//   ASSIGN_OR_RETURN(LabelSelector selector, LabelSelector::Parse("app=web"));
//   selector.Matches(labels);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::api {

struct LabelRequirement {
  enum class Operator : uint8_t {
    kIn,
    kNotIn,
    kEquals,
    kDoubleEquals,
    kNotEquals,
    kExists,
    kDoesNotExist,
    kGreaterThan,
    kLessThan
  };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;  // sorted, each once
};

class LabelSelector {
 public:
  // Selects everything.
  LabelSelector() = default;
  static LabelSelector Nothing();

  // A query's labelSelector. The errors are Kubernetes' own.
  static absl::StatusOr<LabelSelector> Parse(std::string_view text);
  // An object's: {"matchLabels": {…}, "matchExpressions": […]}. An empty one selects everything,
  // null nothing.
  static absl::StatusOr<LabelSelector> FromJson(const json::Value& selector);
  // Objects that have all of these labels.
  static LabelSelector FromLabels(const json::Object& labels);

  // `labels` is an object's metadata.labels.
  bool Matches(const json::Object& labels) const;
  bool MatchesEverything() const { return !nothing_ && requirements_.empty(); }

  const std::vector<LabelRequirement>& requirements() const { return requirements_; }
  std::string ToString() const;

 private:
  std::vector<LabelRequirement> requirements_;  // by key
  bool nothing_ = false;
};

}  // namespace kvplane::api
