// Failures: what a request of the API can end in, as Kubernetes' Status tells it: an HTTP code, a
// reason, a message and details.
//
// A failure is an absl::Status, so that it passes through code that knows nothing of it; code,
// reason and details travel in a payload. Any other status becomes a failure by its code where it
// is shown.
//
// Thread safety: pure functions.
//
//   return NotFound(kind, "web");
//   json::Object status = StatusObject(result.status());   // {"kind":"Status",…,"code":404}
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "api/json.h"
#include "kinds/field_error.h"
#include "kinds/kind.h"

namespace kvplane::registry {

namespace json = api::json;

struct Failure {
  int code = 500;
  std::string reason;
  std::string message;
  json::Object details;             // left out where empty
  std::string continue_token = {};  // what the rest of a list can be had with; left out where empty
};

absl::Status MakeStatus(const Failure& failure);
Failure FailureOf(const absl::Status& status);
// As metav1.Status.
json::Object StatusObject(const Failure& failure);
inline json::Object StatusObject(const absl::Status& status) {
  return StatusObject(FailureOf(status));
}
bool HasReason(const absl::Status& status, std::string_view reason);

absl::Status NotFound(const kinds::Kind& kind, std::string_view name);
// Of a path, rather than an object.
absl::Status NoSuchResource();
absl::Status AlreadyExists(const kinds::Kind& kind, std::string_view name);
// `why` follows "Operation cannot be fulfilled on pods "x": ".
absl::Status Conflict(const kinds::Kind& kind, std::string_view name, std::string_view why);
// What every stale resourceVersion is answered with.
absl::Status Stale(const kinds::Kind& kind, std::string_view name);
absl::Status Invalid(const kinds::Kind& kind, std::string_view name,
                     const kinds::FieldErrors& errors);
absl::Status Forbidden(const kinds::Kind& kind, std::string_view name, std::string_view why);
absl::Status BadRequest(std::string_view message);
absl::Status Expired(std::string_view message);
absl::Status TooLargeResourceVersion(int64_t asked, int64_t current);
absl::Status MethodNotSupported(std::string_view qualified_resource, std::string_view action);
absl::Status InternalError(std::string_view message);

}  // namespace kvplane::registry
