// Field validation: members that a kind does not have, and members given twice, as clients ask to
// be told of them with fieldValidation=Strict or Warn.
//
// It reads the text, since a parsed document has forgotten what was given twice.
//
// Thread safety: pure functions.
//
//   std::vector<std::string> faults = FindFieldFaults(pod_message, body);
//   // {"unknown field \"spec.foo\"", "duplicate field \"spec.nodeName\""}
//   StrictDecodingError(faults) == "strict decoding error: unknown field \"spec.foo\", …";
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/message.h"

namespace kvplane::api {

enum class FieldValidation { kIgnore, kWarn, kStrict };

// "" is what the server does when it is not told: Warn. The error names the choices.
absl::StatusOr<FieldValidation> ParseFieldValidation(std::string_view text);

// In the order of the text, each once, a hundred at most, worded as Kubernetes words them. Without
// a message only duplicates are found, everywhere. Text that is no JSON has no faults beyond where
// it breaks.
std::vector<std::string> FindFieldFaults(const Message* message, std::string_view text);

std::string StrictDecodingError(const std::vector<std::string>& faults);

}  // namespace kvplane::api
