// The pods of jobs: which of them are still to be counted, which have failed, and when.
//
// Thread safety: pure functions.
//
//   if (IsTracked(pod) && HasFailed(job, pod)) …
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

inline constexpr std::string_view kJobTracking = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kIndexFailures = "batch.kubernetes.io/job-index-failure-count";

// Whether it has the finalizer.
bool IsTracked(const json::Object& pod);
// Whether a pod that is being deleted is waited for before another takes its place.
bool OnlyReplacesFailed(const json::Object& job);
// A pod that is being deleted has failed too, unless such pods are waited for.
bool HasFailed(const json::Object& job, const json::Object& pod);
// In seconds since 1970.
int64_t EndOf(const json::Object& pod);

// How often pods of the index have failed so far, and whether a rule gave it up.
struct IndexFailures {
  int64_t count = 0;
  bool given_up = false;
};
IndexFailures FailuresOfIndex(const json::Object& job, const std::vector<json::Object>& pods,
                              int64_t index);

}  // namespace kvplane::controller
