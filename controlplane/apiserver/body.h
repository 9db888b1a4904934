// Body: the document that a request brings, in JSON, YAML or protobuf.
//
// Thread safety: pure functions.
//
//   ASSIGN_OR_RETURN(json::Object pod, ReadObject(call));
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "api/message.h"
#include "apiserver/call.h"

namespace kvplane::apiserver {

// The document as it came, its kind and version filled in; `kind` and `group_version` are what is
// expected, and anything else is BadRequest. Faults of fields are refused or warned of, as
// ?fieldValidation says.
absl::StatusOr<json::Object> ReadObject(Call& call, std::string_view group_version,
                                        std::string_view kind);
// Of the call's own kind.
absl::StatusOr<json::Object> ReadObject(Call& call);
// The same with no member added or left out: what is applied names what it names.
absl::StatusOr<json::Object> ReadConfiguration(Call& call);

// Any document, whatever it is: DeleteOptions; an empty object where there is no body.
absl::StatusOr<json::Object> ReadOptions(const Call& call);

// What reading a patched or sent document does to it: unknown members are told of, values checked.
absl::Status CheckFields(Call& call, std::string_view group_version, std::string_view kind,
                         std::string_view text);
absl::StatusOr<json::Object> MakeTyped(std::string_view group_version, std::string_view kind,
                                       json::Object document);

}  // namespace kvplane::apiserver
