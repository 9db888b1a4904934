// The Pod Security Standards: what a pod may not do at a level, in a version of the standards.
//
// Thread safety: pure functions.
//
//   const auto violations = CheckPod({Level::kRestricted, kLatest}, metadata, spec);
//   violations[0].ToString() == "runAsNonRoot != true (pod or container \"c\" must set …)";
#pragma once

#include <climits>
#include <string>
#include <vector>

#include "api/json.h"

namespace kvplane::admission {

// The stricter the greater.
enum class Level { kPrivileged, kBaseline, kRestricted };

inline constexpr int kLatest = INT_MAX;  // of versions: the 34 of "v1.34"

struct Standard {
  Level level = Level::kPrivileged;
  int version = kLatest;
  bool operator==(const Standard&) const = default;

  std::string ToString() const;  // "restricted:latest"
};

struct Violation {
  std::string reason;
  std::string detail;

  std::string ToString() const { return reason + " (" + detail + ")"; }
};

std::vector<Violation> CheckPod(const Standard& standard, const api::json::Object& metadata,
                                const api::json::Object& spec);

// "a (b), c (d)"
std::string Details(const std::vector<Violation>& violations);
// "a, c"
std::string Reasons(const std::vector<Violation>& violations);

}  // namespace kvplane::admission
