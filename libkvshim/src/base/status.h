// The two statements of error handling: leave with an error, or unwrap a value.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define KVSHIM_CONCAT_INNER(a, b) a##b
#define KVSHIM_CONCAT(a, b) KVSHIM_CONCAT_INNER(a, b)

// Returns from the calling function with the status of `expression` unless it is OK.
#define RETURN_IF_ERROR(expression)                                                           \
  do {                                                                                        \
    if (absl::Status kvshim_status = (expression); !kvshim_status.ok()) return kvshim_status; \
  } while (false)

// Declares or assigns `target` from a StatusOr, or returns with its status.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(KVSHIM_CONCAT(kvshim_result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return std::move(result).status();     \
  target = *std::move(result)
