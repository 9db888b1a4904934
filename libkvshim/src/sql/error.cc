#include "sql/error.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "base/strings.h"

namespace kvshim::sql {
namespace {

constexpr char kPayload[] = "kvshim.sql.error_kind";

absl::StatusCode CodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConflict:
      return absl::StatusCode::kAborted;
    case ErrorKind::kBusy:
    case ErrorKind::kAmbiguous:
    case ErrorKind::kIo:
    case ErrorKind::kStopped:
      return absl::StatusCode::kUnavailable;
    case ErrorKind::kFull:
      return absl::StatusCode::kResourceExhausted;
    case ErrorKind::kReadOnly:
    case ErrorKind::kHeld:
    case ErrorKind::kForeign:
    case ErrorKind::kNewerSchema:
      return absl::StatusCode::kFailedPrecondition;
    case ErrorKind::kPermission:
      return absl::StatusCode::kPermissionDenied;
    case ErrorKind::kNoDatabase:
      return absl::StatusCode::kNotFound;
    case ErrorKind::kCorrupt:
      return absl::StatusCode::kDataLoss;
    case ErrorKind::kNone:
    case ErrorKind::kOther:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

std::string_view NameOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNone:
      return "none";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kBusy:
      return "busy";
    case ErrorKind::kAmbiguous:
      return "ambiguous";
    case ErrorKind::kFull:
      return "full";
    case ErrorKind::kReadOnly:
      return "read-only";
    case ErrorKind::kPermission:
      return "permission";
    case ErrorKind::kNoDatabase:
      return "no database";
    case ErrorKind::kHeld:
      return "held";
    case ErrorKind::kForeign:
      return "foreign";
    case ErrorKind::kNewerSchema:
      return "newer schema";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kIo:
      return "I/O";
    case ErrorKind::kStopped:
      return "stopped";
    case ErrorKind::kOther:
      return "other";
  }
  return "other";
}

absl::Status MakeError(ErrorKind kind, std::string_view message) {
  absl::Status status(CodeOf(kind), base::ToAbsl(message));
  const char byte = static_cast<char>(kind);
  status.SetPayload(kPayload, absl::Cord(absl::string_view(&byte, 1)));
  return status;
}

ErrorKind KindOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload.has_value() || payload->size() != 1) return ErrorKind::kNone;
  return static_cast<ErrorKind>((*payload)[0]);
}

}  // namespace kvshim::sql
