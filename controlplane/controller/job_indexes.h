// Indexes of an indexed job, as its status and its success policy write them: "0-2,4".
//
// Thread safety: pure functions.
//
//   JobIndexes done = ReadIndexes("0-2,4", 10);   // {0, 1, 2, 4}
//   TextOf(done) == "0-2,4"
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/json.h"

namespace kvplane::controller {

namespace json = api::json;

using JobIndexes = std::set<int64_t>;

inline constexpr std::string_view kCompletionIndex = "batch.kubernetes.io/job-completion-index";

// Those below `completions`; what cannot be read is left out.
JobIndexes ReadIndexes(std::string_view text, int64_t completions);
std::string TextOf(const JobIndexes& indexes);

// Of a pod, where its annotation names one below `completions`.
std::optional<int64_t> IndexOf(const json::Object& pod, int64_t completions);

}  // namespace kvplane::controller
