// YAML as a way to write JSON: what clients send to be applied, and what some want to read.
//
// Plain scalars become numbers, truths and nulls as YAML 1.2's core schema has it, with 1.1's
// yes/no/on/off, as Kubernetes' own reader does.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Value document, ParseYaml("kind: Pod\nspec: {}\n"));
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"

namespace kvplane::apiserver {

absl::StatusOr<api::json::Value> ParseYaml(std::string_view text);
std::string ToYaml(const api::json::Value& value);

}  // namespace kvplane::apiserver
